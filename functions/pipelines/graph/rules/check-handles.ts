import { at } from "./graph-index.ts";
import type { Findings } from "./issues.ts";
import { mayTakeDefault } from "./kinds/branches.ts";
import type { NodeKind } from "./kinds/kind.ts";
import { handlesOf, type KindIndex } from "./kinds.ts";
import { DEFAULT_SOURCE_HANDLE, ERROR_HANDLE } from "./limits.ts";
import type { Connection, GraphNode } from "./nodes.ts";

const handleOf = (connection: Connection) => connection.source_handle ?? DEFAULT_SOURCE_HANDLE;

/** Connections leave by handles that exist, and every handle that a run may choose leads somewhere. */
export function handles(index: KindIndex, findings: Findings): void {
  const { nodes, kinds, connections, outStart, out } = index;
  for (let i = 0; i < nodes.length; i++) {
    const node = nodes[i] as GraphNode;
    if (node.kind === "output") continue;
    const { branches, needed_handles } = kinds[i] as NodeKind;
    const plain = !branches && needed_handles.length === 0 && node.config.on_failure !== "error_edge";
    const known = plain ? undefined : new Set(handlesOf(node));
    const connected = plain ? undefined : new Set<string>();
    for (let k = at(outStart, i); k < at(outStart, i + 1); k++) {
      const connection = connections[at(out, k)] as Connection;
      const handle = handleOf(connection);
      connected?.add(handle);
      if (known === undefined ? handle !== DEFAULT_SOURCE_HANDLE : !known.has(handle))
        wrongHandle(node, connection, findings);
      if (connection.condition !== undefined) conditional(node, connection, branches, findings);
    }
    if (connected === undefined) continue;
    if (node.config.on_failure === "error_edge" && !connected.has(ERROR_HANDLE)) {
      const message = `Node "${node.label}" (${node.id}) has on_failure: error_edge, but nothing is connected to its handle "${ERROR_HANDLE}". Connect it or choose another policy.`;
      findings.add("error_edge_missing", message, [node.id]);
    }
    if (node.kind === "condition" || node.kind === "router") branching(node, connected, findings);
    for (const handle of needed_handles) if (!connected.has(handle)) notConnected(node, handle, findings);
  }
}

function wrongHandle(node: GraphNode, connection: Connection, findings: Findings): void {
  const handle = handleOf(connection);
  if (handle === ERROR_HANDLE) {
    const message = `Connection ${connection.id} leaves "${node.label}" (${node.id}) by its handle "${ERROR_HANDLE}", which is used only under on_failure: error_edge. Set that policy or remove the connection.`;
    findings.add("error_edge_unexpected", message, [node.id], [connection.id]);
    return;
  }
  const choices = handlesOf(node).map((known) => `"${known}"`);
  const message = `Connection ${connection.id} leaves "${node.label}" (${node.id}) by the handle "${handle}", which it does not have. It has ${choices.join(", ") || "none yet"}.`;
  findings.add("unknown_handle", message, [node.id], [connection.id]);
}

function conditional(node: GraphNode, connection: Connection, branches: boolean, findings: Findings): void {
  if (!branches) {
    const message = `Connection ${connection.id} has a condition, but leaves a node of kind ${node.kind}. Only condition and router nodes branch: put one between.`;
    findings.add("condition_not_allowed", message, [node.id], [connection.id]);
  } else if ("default" in node.config && handleOf(connection) === node.config.default) {
    const message = `Connection ${connection.id} leaves "${node.label}" (${node.id}) by its default, which must be unconditional. Remove the condition.`;
    findings.add("default_branch_conditional", message, [node.id], [connection.id]);
  }
}

const notConnected = ({ id, label }: GraphNode, handle: string, findings: Findings): void =>
  findings.add("handle_not_connected", `Connect the handle "${handle}" of "${label}" (${id}).`, [id]);

type BranchNode = Extract<GraphNode, { kind: "condition" | "router" }>;

function branching(node: BranchNode, connected: ReadonlySet<string>, findings: Findings): void {
  const { branches, default: otherwise } = node.config;
  const who = `"${node.label}" (${node.id})`;
  const { strategy } = node.config;
  const condition = strategy === "conditional" ? " with a condition" : "";
  if (branches.length === 0)
    findings.add("branches_missing", `Give ${who} at least one branch${condition}.`, [node.id]);
  if (otherwise === undefined && mayTakeDefault(strategy)) {
    const when = strategy === "semantic" ? "when the agent is in doubt" : "when no condition holds";
    findings.add("default_branch_missing", `Give ${who} a default: the handle taken ${when}.`, [node.id]);
  }
  for (const handle of handlesOf(node)) {
    if (handle === ERROR_HANDLE || connected.has(handle)) continue;
    findings.add("branch_not_connected", `Connect the branch "${handle}" of ${who}, or remove it.`, [node.id]);
  }
}
