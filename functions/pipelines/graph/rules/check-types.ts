import type { Outline } from "../../../../shared/expressions/expression-outline.ts";
import { at } from "./graph-index.ts";
import type { Findings } from "./issues.ts";
import type { NodeKind, Use } from "./kinds/kind.ts";
import type { KindIndex } from "./kinds.ts";
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
  index: KindIndex,
  order: Int32Array,
  uses: readonly CompiledUse[],
  answers: AnswerSchemas,
  findings: Findings,
): void {
  let known: Flow | undefined;
  const flow = () => {
    known ??= flowOf(index, order, answers);
    return known;
  };
  for (const used of uses) checkUse(index, used, flow(), findings);
  for (let h = 0; h < order.length; h++) {
    const i = at(order, h);
    const accepted = (index.kinds[i] as NodeKind).accepts((index.nodes[i] as GraphNode).config);
    if (accepted !== ANY) checkInputs(index, i, accepted, flow(), findings);
  }
}

function checkUse(index: KindIndex, used: CompiledUse, flow: Flow, findings: Findings): void {
  const { use } = used;
  if (use.form === "member") checkMember(index, used, use.path, flow, findings);
  else if (use.form !== "condition") checkExpression(index, used, use, flow, findings);
  else if (use.of_result !== true) checkCondition(index, used, use, flow, findings);
}

const readerOf = (index: KindIndex, { reader }: CompiledUse): GraphNode => index.nodes[reader] as GraphNode;
const edgesOf = ({ connection }: CompiledUse): string[] => (connection === undefined ? [] : [connection.id]);
const fieldOf = ({ use, connection }: CompiledUse): string =>
  connection === undefined ? use.field : `the condition of connection ${connection.id}`;

function neverThere(node: GraphNode, reads: string, missing: Missing, edges: string[], findings: Findings): void {
  const { path, up_to, found } = missing;
  const where =
    up_to === ""
      ? "Paths begin with input, run.input or steps.<node id>.output"
      : `At ${up_to} there is ${there(found)}`;
  const message = `${reads}, where there is never anything. ${where}. Correct the path, or what comes before.`;
  findings.add("path_never_there", message, [node.id], edges, { path });
}

function checkMember(index: KindIndex, used: CompiledUse, path: string, flow: Flow, findings: Findings): void {
  const found = flow.inputs(used.reader).map(({ shape }) => atPath(shape, path));
  const [first] = found;
  if (first === undefined || !("path" in first) || !found.every((one) => "path" in one)) return;
  const node = readerOf(index, used);
  const missing = { ...first, path, up_to: first.up_to === "" ? "each input" : first.up_to };
  neverThere(node, `${who(node)} reads ${path} of its inputs`, missing, edgesOf(used), findings);
}

function checkCondition(
  index: KindIndex,
  used: CompiledUse,
  use: Extract<Use, { form: "condition" }>,
  flow: Flow,
  findings: Findings,
): void {
  const never = neverHolds(use.condition, flow.scope(used.reader, used.steps));
  if (never === undefined) return;
  const node = readerOf(index, used);
  const { connection } = used;
  const handle = connection === undefined ? branchOf(node, use.field) : connection.source_handle;
  const message = `${fieldOf(used)} of ${who(node)} can never hold: ${never.why}. Correct or remove it.`;
  const place = { ...(never.path === "" ? {} : { path: never.path }), ...(handle === undefined ? {} : { handle }) };
  findings.add("condition_never_holds", message, [node.id], edgesOf(used), place);
}

function checkExpression(
  index: KindIndex,
  used: CompiledUse,
  use: Extract<Use, { form: "expression" | "template" }>,
  flow: Flow,
  findings: Findings,
): void {
  const scope = flow.scope(used.reader, used.steps);
  const lost = used.outlines.flatMap((outline) => missingIn(outline, scope));
  if (lost.length > 0) {
    const node = readerOf(index, used);
    for (const one of new Map(lost.map((each) => [each.path, each])).values())
      neverThere(node, `${fieldOf(used)} of ${who(node)} reads ${one.path}`, one, edgesOf(used), findings);
    return;
  }
  const [outline] = used.outlines;
  if (use.form !== "expression" || use.accepts === undefined || outline === undefined) return;
  const found = foundBy(outline, scope);
  if (found.length === 0 || meet(found, use.accepts).length > 0) return;
  const node = readerOf(index, used);
  const message = `${fieldOf(used)} of ${who(node)} finds ${words(found)}, and must find ${words(use.accepts)}. Change the expression.`;
  findings.add("value_type_mismatch", message, [node.id], edgesOf(used));
}

/** The handle of the branch whose condition stands at `branches.<n>.condition`. */
function branchOf({ config }: GraphNode, field: string): string | undefined {
  const position = Number(/^branches\.(\d+)\./.exec(field)?.[1] ?? -1);
  return "branches" in config ? config.branches[position]?.handle : undefined;
}

function checkInputs(index: KindIndex, i: number, accepted: Shape, flow: Flow, findings: Findings): void {
  const node = index.nodes[i] as GraphNode;
  for (const { connection: e, node_id, shape } of flow.inputs(i)) {
    if (meet(shape, accepted).length > 0) continue;
    const connection = index.connections[e] as Connection;
    const message = `Connection ${connection.id} brings ${words(shape)} to ${who(node)}, which takes ${words(accepted)}. Put a transform between, or connect something else.`;
    const handle = connection.source_handle ?? DEFAULT_SOURCE_HANDLE;
    findings.add("value_type_mismatch", message, [node_id, node.id], [connection.id], { handle });
  }
}
