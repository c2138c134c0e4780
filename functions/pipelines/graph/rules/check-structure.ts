import { at, type GraphIndex } from "./graph-index.ts";
import type { Findings } from "./issues.ts";
import type { KindIndex } from "./kinds.ts";
import { DEFAULT_SOURCE_HANDLE, DEFAULT_TARGET_HANDLE, graphLimits } from "./limits.ts";
import type { Connection, GraphNode } from "./nodes.ts";

const name = (node: GraphNode) => `"${node.label}" (${node.id})`;

/** Ids that occur twice. Later rules see the first of them. */
export function uniqueIds(index: GraphIndex, findings: Findings): void {
  const { nodes, connections, position } = index;
  if (position.size < nodes.length) {
    for (let i = 0; i < nodes.length; i++) {
      const { id } = nodes[i] as GraphNode;
      if (position.get(id) !== i)
        findings.add("duplicate_node_id", `Two nodes have the id ${id}. Give one another id.`, [id]);
    }
  }
  const seen = new Set<string>();
  for (let e = 0; e < connections.length; e++) seen.add((connections[e] as Connection).id);
  if (seen.size < connections.length) {
    for (const { id } of connections) {
      // What is not there any more has come before.
      if (seen.delete(id)) continue;
      findings.add("duplicate_connection_id", `Two connections have the id ${id}. Give one another id.`, [], [id]);
    }
  }
}

/** Exactly one input, at least one output. */
export function ends(index: GraphIndex, findings: Findings): void {
  const inputs: string[] = [];
  let outputs = 0;
  for (const node of index.nodes) {
    if (node.kind === "input") inputs.push(node.id);
    else if (node.kind === "output") outputs++;
  }
  if (inputs.length === 0) findings.add("input_missing", "Add an input node: the run's input enters there.");
  if (inputs.length > 1)
    findings.add("several_inputs", "Keep one of the input nodes: a graph has exactly one.", inputs);
  if (outputs === 0) findings.add("output_missing", "Add an output node: it makes the run's answer.");
}

/** Both ends exist and differ; nothing enters an input or leaves an output. */
export function connectionEnds(index: GraphIndex, findings: Findings): void {
  const { nodes, connections, source, target } = index;
  for (let e = 0; e < connections.length; e++) {
    const from = at(source, e);
    const to = at(target, e);
    if (from >= 0 && to >= 0 && from !== to) {
      if (nodes[to]?.kind !== "input" && nodes[from]?.kind !== "output") continue;
    }
    const connection = connections[e] as Connection;
    const only = [connection.id];
    if (from < 0 || to < 0) {
      const missing = [from < 0 ? connection.source : "", to < 0 ? connection.target : ""].filter((id) => id !== "");
      const message = `Connection ${connection.id} names a node that does not exist: ${missing.join(" and ")}. Remove or reconnect it.`;
      findings.add("dangling_connection", message, [], only);
    } else if (from === to) {
      const node = nodes[from] as GraphNode;
      findings.add("self_loop", `Node ${name(node)} is connected to itself. Remove the connection.`, [node.id], only);
    } else {
      const node = nodes[to] as GraphNode;
      if (node.kind === "input") {
        findings.add(
          "connection_into_input",
          `Nothing can enter the input node ${name(node)}. Remove the connection.`,
          [node.id],
          only,
        );
      }
      const start = nodes[from] as GraphNode;
      if (start.kind === "output") {
        const message = `Nothing can leave the output node ${name(start)}. Remove the connection.`;
        findings.add("connection_out_of_output", message, [start.id], only);
      }
    }
  }
}

const sameWay = (connection: Connection) =>
  `${connection.target}\n${connection.source_handle ?? DEFAULT_SOURCE_HANDLE}\n${connection.target_handle ?? DEFAULT_TARGET_HANDLE}`;

/** No two connections from the same handle to the same handle. Texts are compared only where two nodes are connected twice. */
export function duplicateConnections(index: GraphIndex, findings: Findings): void {
  const { nodes, connections, target, outStart, out } = index;
  /** By node: one more than the last node from which a connection to it was seen. */
  const lastFrom = new Int32Array(nodes.length);
  for (let i = 0; i < nodes.length; i++) {
    let twice = false;
    for (let k = at(outStart, i); k < at(outStart, i + 1); k++) {
      const to = at(target, at(out, k));
      if (at(lastFrom, to) === i + 1) twice = true;
      lastFrom[to] = i + 1;
    }
    if (!twice) continue;
    const first = new Map<string, Connection>();
    for (let k = at(outStart, i); k < at(outStart, i + 1); k++) {
      const connection = connections[at(out, k)] as Connection;
      const way = sameWay(connection);
      const earlier = first.get(way);
      if (earlier === undefined) first.set(way, connection);
      else {
        const message = `Connections ${earlier.id} and ${connection.id} join the same handles. Remove one.`;
        findings.add(
          "duplicate_connection",
          message,
          [connection.source, connection.target],
          [earlier.id, connection.id],
        );
      }
    }
  }
}

/** A join that waits for more inputs than there are connections would fail each run, after all of them were paid for. */
export function quorums(index: GraphIndex, findings: Findings): void {
  const { nodes, inStart } = index;
  for (let i = 0; i < nodes.length; i++) {
    const node = nodes[i] as GraphNode;
    // A map's quorum is of the items of its list.
    const quorum = node.kind !== "map" && "quorum" in node.config ? (node.config.quorum ?? 0) : 0;
    const count = at(inStart, i + 1) - at(inStart, i);
    if (quorum <= count) continue;
    const message = `Node ${name(node)} needs ${quorum} inputs (quorum) and has ${count}. Connect more, or ask for fewer.`;
    findings.add("quorum_unreachable", message, [node.id]);
  }
}

/** Several connections only into kinds that join them. */
export function fanIn(index: KindIndex, findings: Findings): void {
  const { nodes, kinds, connections, inStart } = index;
  for (let i = 0; i < nodes.length; i++) {
    const count = at(inStart, i + 1) - at(inStart, i);
    if (count < 2) continue;
    const node = nodes[i] as GraphNode;
    if (kinds[i]?.receives !== "many") {
      if (node.kind === "input") continue;
      const ids = Array.from(
        index.in.subarray(at(inStart, i), at(inStart, i + 1)),
        (e) => (connections[e] as Connection).id,
      );
      const message = `Node ${name(node)} has ${count} incoming connections, but a node of kind ${node.kind} takes one. Put a merge node before it.`;
      findings.add("fan_in_not_allowed", message, [node.id], ids);
    } else if (count > graphLimits.comfortable_fan_in) {
      const message = `Node ${name(node)} joins ${count} connections; beyond ${graphLimits.comfortable_fan_in} a run becomes slow. Merge in two stages.`;
      findings.add("large_join", message, [node.id]);
    }
  }
}
