import type { Outline } from "../../../../shared/expressions/expression-outline.ts";
import type { GraphIndex } from "./graph-index.ts";
import type { Findings } from "./issues.ts";
import type { Use } from "./kinds/kind.ts";
import { kindOf } from "./kinds.ts";
import { DEFAULT_SOURCE_HANDLE } from "./limits.ts";
import type { Connection, GraphNode } from "./nodes.ts";
import { type AnswerSchemas, type Flow, flowOf } from "./types/flow.ts";
import { atPath, foundBy, type Missing, missingIn, neverHolds } from "./types/scope.ts";
import { ANY, meet, namesIn, type Shape, words } from "./types/shape.ts";

/** A place in a graph where values are used, compiled. */
export interface CompiledUse {
  /** Position of the node whose scope it sees. */
  readonly reader: number;
  readonly use: Use;
  /** Of expressions and of each placeholder of a text. */
  readonly outlines: readonly Outline[];
  /** Steps that it reads. */
  readonly steps: readonly string[];
  /** The connection whose condition it is. */
  readonly connection?: Connection | undefined;
}

const who = ({ label, id }: GraphNode): string => `"${label}" (${id})`;
const MOST_NAMES = 8;

/** What there is where something was looked for: `{text, object}`, or the type. */
function there(found: Shape): string {
  const names = namesIn(found);
  if (names.length === 0) return words(found);
  const shown = names.slice(0, MOST_NAMES).join(", ");
  return `{${shown}${names.length > MOST_NAMES ? ", …" : ""}}`;
}

/**
 * Values fit where they are used, as far as that is certain before a run: of schemas that are declared, of what kinds emit. What is
 * not known is no finding, and a finding is no guess: no run could ever find what it tells of.
 */
export function types(
  index: GraphIndex,
  order: Int32Array,
  uses: readonly CompiledUse[],
  answers: AnswerSchemas,
  findings: Findings,
): void {
  const flow = flowOf(index, order, answers);
  for (const used of uses) checkUse(index, used, flow, findings);
  for (const i of order) {
    const node = index.nodes[i] as GraphNode;
    const accepted = kindOf(node).accepts(node.config);
    if (accepted !== ANY) checkInputs(index, i, accepted, flow, findings);
  }
}

function checkUse(index: GraphIndex, used: CompiledUse, flow: Flow, findings: Findings): void {
  const { reader, use, outlines, steps, connection } = used;
  const node = index.nodes[reader] as GraphNode;
  const field = connection === undefined ? use.field : `the condition of connection ${connection.id}`;
  const edges = connection === undefined ? [] : [connection.id];
  const missing = ({ path, up_to, found }: Missing, reads = `${field} of ${who(node)} reads ${path}`) => {
    const where =
      up_to === ""
        ? "Paths begin with input, run.input or steps.<node id>.output"
        : `At ${up_to} there is ${there(found)}`;
    const message = `${reads}, where there is never anything. ${where}. Correct the path, or what comes before.`;
    findings.add("path_never_there", message, [node.id], edges, { path });
  };
  if (use.form === "member") {
    const inputs = flow.inputs(reader);
    const found = inputs.map(({ shape }) => atPath(shape, use.path));
    const [first] = found;
    if (first !== undefined && found.every((one) => "path" in one) && "path" in first)
      missing(
        { ...first, path: use.path, up_to: first.up_to === "" ? "each input" : first.up_to },
        `${who(node)} reads ${use.path} of its inputs`,
      );
    return;
  }
  const scope = flow.scope(reader, steps);
  if (use.form === "condition") {
    if (use.of_result) return;
    const never = neverHolds(use.condition, scope);
    if (never === undefined) return;
    const handle = connection === undefined ? branchOf(node, use.field) : connection.source_handle;
    const message = `${field} of ${who(node)} can never hold: ${never.why}. Correct or remove it.`;
    const place = { ...(never.path === "" ? {} : { path: never.path }), ...(handle === undefined ? {} : { handle }) };
    findings.add("condition_never_holds", message, [node.id], edges, place);
    return;
  }
  const lost = outlines.flatMap((outline) => missingIn(outline, scope));
  for (const one of new Map(lost.map((each) => [each.path, each])).values()) missing(one);
  const [outline] = outlines;
  if (lost.length > 0 || use.form !== "expression" || use.accepts === undefined || outline === undefined) return;
  const found = foundBy(outline, scope);
  if (found.length === 0 || meet(found, use.accepts).length > 0) return;
  const message = `${field} of ${who(node)} finds ${words(found)}, and must find ${words(use.accepts)}. Change the expression.`;
  findings.add("value_type_mismatch", message, [node.id], edges);
}

/** The handle of the branch whose condition stands at `branches.<n>.condition`. */
function branchOf({ config }: GraphNode, field: string): string | undefined {
  const position = Number(/^branches\.(\d+)\./.exec(field)?.[1] ?? -1);
  return "branches" in config ? config.branches[position]?.handle : undefined;
}

function checkInputs(index: GraphIndex, i: number, accepted: Shape, flow: Flow, findings: Findings): void {
  const node = index.nodes[i] as GraphNode;
  for (const { connection: e, node_id, shape } of flow.inputs(i)) {
    if (meet(shape, accepted).length > 0) continue;
    const connection = index.connections[e] as Connection;
    const message = `Connection ${connection.id} brings ${words(shape)} to ${who(node)}, which takes ${words(accepted)}. Put a transform between, or connect something else.`;
    const handle = connection.source_handle ?? DEFAULT_SOURCE_HANDLE;
    findings.add("value_type_mismatch", message, [node_id, node.id], [connection.id], { handle });
  }
}
