import fc from "fast-check";
import {
  ERROR_HANDLE,
  type Graph,
  type GraphNode,
  graphSchema,
  handlesOf,
} from "../../functions/pipelines/graph/public.ts";
import { mergedInput, runOutput, scopeOf, takenInputs } from "../../functions/runs/engine/rules/input.ts";
import {
  type AttemptResult,
  edgeTaken,
  failsRun,
  type Outcome,
  type Parked,
  settle,
  skipped,
} from "../../functions/runs/engine/rules/outcome.ts";
import { edgeAt, nodeAt, type Plan, type PlanNode } from "../../functions/runs/engine/rules/plan.ts";
import { runPure } from "../../functions/runs/engine/rules/pure.ts";
import type { Json } from "../../shared/expressions/json.ts";

/** What rules need in these tests: no schema is checked, and what is drawn is drawn alike. */
export const MEANS = { checkSchema: async () => undefined, seed: "run_1" };

/** What the generator decides about one node; numbers are reduced to what is possible where they are used. */
interface Spec {
  readonly kind: number;
  readonly picks: readonly number[];
  readonly threshold: number;
  readonly policy: number;
}

const spec: fc.Arbitrary<Spec> = fc.record({
  kind: fc.nat(99),
  picks: fc.array(fc.nat(9_999), { minLength: 1, maxLength: 5 }),
  threshold: fc.nat(10),
  policy: fc.nat(99),
});

/** A valid graph of up to 60 nodes: forks, joins, branches with untaken routes, error edges, fallbacks, several outputs, side effects. */
export const graphs: fc.Arbitrary<Graph> = fc.array(spec, { maxLength: 45, size: "max" }).map(build);

const below = (path: string, value: number) => ({ path, op: "lt", value });

function branchesOf({ threshold }: Spec, source: string) {
  const first = { handle: "a", condition: below("run.input.k", threshold) };
  const second = {
    handle: "b",
    condition: { any: [below("input.k", threshold), below(`steps.${source}.output.k`, threshold + 3)] },
  };
  return { branches: [first, second], default: "c" };
}

/** Routers of every strategy: by condition, drawn, by an agent that fails or is in doubt, in turn. */
function routerOf(one: Spec, source: string): object {
  const to = (more: object) => ["a", "b"].map((handle) => ({ handle, ...more }));
  switch (one.policy % 8) {
    case 0:
      return { strategy: "random", branches: to({ weight: one.threshold + 1 }) };
    case 1:
      return { strategy: "round_robin", branches: to({}) };
    case 2:
      return {
        strategy: "semantic",
        agent_id: "agt_1",
        branches: to({ description: "Right for some." }),
        default: "c",
        ...policyOf(one),
      };
    default:
      return branchesOf(one, source);
  }
}

function policyOf({ policy }: Spec) {
  if (policy < 15) return { on_failure: "fallback", fallback: { k: policy } };
  if (policy < 30) return { on_failure: "error_edge" };
  const retry = policy < 45 ? { retry: { max_attempts: 3, backoff_ms: 10 } } : {};
  return { ...retry, on_failure: "fail_run" };
}

/** Votes of which some fail for want of a majority or of numbers, all under a policy. */
function votesOf(one: Spec) {
  if (one.policy % 4 === 0) return { strategy: "summarize", agent_id: "agt_1", ...policyOf(one) };
  const policy = { on_failure: "fallback", fallback: { k: one.threshold } };
  if (one.threshold % 3 === 0) return { strategy: "average", of: "k", ...policy };
  return { strategy: "vote", winner: one.threshold % 3 === 1 ? "majority" : "plurality", ...policy };
}

function configOf(kind: string, one: Spec, source: string): object {
  if (kind === "agent") return { agent_id: "agt_1", ...policyOf(one) };
  if (kind === "transform")
    return { expression: `{"k": $number(run.input.k) + ${one.threshold}, "from": $string(input)}` };
  if (kind === "supervisor") return { agent_id: "agt_1", workers: [{ agent_id: "agt_1" }], ...policyOf(one) };
  if (kind === "connector") return { connector_id: "con_1", ...policyOf(one) };
  if (kind === "tool") return { agent_id: "agt_1", tool: "t", ...policyOf(one) };
  if (kind === "http") return { url: "https://a.example/", ...policyOf(one) };
  // People are asked once, and what they reject has its own way.
  if (kind === "approval")
    return {
      message: "Go on?",
      approvers: { roles: ["org_admin"] },
      on_failure: one.policy < 50 ? "error_edge" : "fail_run",
    };
  if (kind === "sub_pipeline") return { pipeline_id: "pip_1", ...policyOf(one) };
  if (kind === "map") return { pipeline_id: "pip_1", list: "[1, 2]", max_items: 2, ...policyOf(one) };
  if (kind === "loop") return { pipeline_id: "pip_1", max_iterations: 2, ...policyOf(one) };
  if (kind === "wait") return { seconds: 1, ...policyOf(one) };
  if (kind === "merge") return { strategy: one.threshold % 2 === 0 ? "concat" : "merge_json" };
  if (kind === "synthesizer") return votesOf(one);
  if (kind === "router") return routerOf(one, source);
  return kind === "condition" ? branchesOf(one, source) : {};
}

const kinds = [
  "agent",
  "agent",
  "agent",
  "agent",
  "transform",
  "router",
  "router",
  "router",
  "condition",
  "merge",
  "merge",
  "synthesizer",
  "wait",
  "supervisor",
  "tool",
  "connector",
  "http",
  "approval",
  "sub_pipeline",
  "map",
  "loop",
  "output",
];

/** Kinds whose work begins to wait when it is first asked. */
const waiting: ReadonlySet<string | undefined> = new Set([
  "wait",
  "supervisor",
  "approval",
  "sub_pipeline",
  "map",
  "loop",
]);

/** Whether a node waits before it comes to something. */
export const waits = (node: GraphNode | undefined): boolean => waiting.has(node?.kind);

function build(specs: readonly Spec[]): Graph {
  const nodes: unknown[] = [{ id: "in", kind: "input", label: "in", config: {} }];
  const connections: unknown[] = [];
  /** Handles that connections may leave by, and whether one does. */
  const open: { node: string; handle: string; used: boolean; conditional: boolean }[] = [];
  const offer = (id: string, raw: unknown) => {
    const { nodes: parsed } = graphSchema.parse({ nodes: [raw], connections: [] });
    const node = parsed[0] as GraphNode;
    for (const handle of handlesOf(node)) {
      open.push({ node: id, handle, used: false, conditional: handle === "a" && node.kind === "router" });
    }
  };
  const connect = (from: (typeof open)[number], target: string, threshold: number) => {
    from.used = true;
    connections.push({
      id: `c${connections.length}`,
      source: from.node,
      source_handle: from.handle,
      target,
      ...(from.conditional && threshold % 2 === 0 ? { condition: { path: "run.input.k", op: "gte", value: 3 } } : {}),
    });
  };
  const add = (id: string, kind: string, sources: readonly (typeof open)[number][], one: Spec) => {
    const node = { id, kind, label: id, config: configOf(kind, one, sources[0]?.node ?? "in") };
    nodes.push(node);
    for (const source of sources) connect(source, id, one.threshold);
    offer(id, node);
  };
  offer("in", nodes[0]);
  for (const [index, one] of specs.entries()) {
    const kind = kinds[one.kind % kinds.length] ?? "agent";
    const many = kind === "merge" || kind === "synthesizer" || kind === "output";
    const picked = one.picks.map((pick) => open[pick % open.length]).filter((handle) => handle !== undefined);
    add(`n${index}`, kind, many ? [...new Set(picked)] : picked.slice(0, 1), one);
  }
  const last: Spec = { kind: 0, picks: [], threshold: 1, policy: 99 };
  // Branches and error edges must lead somewhere: some of them meet in a merge, the others in outputs of their own.
  const loose = open.filter(({ used, handle }) => !used && handle !== "output");
  if (loose.length > 1)
    add(
      "join",
      "merge",
      loose.filter((_, index) => index % 3 !== 2),
      last,
    );
  for (const [index, handle] of loose.filter(({ used }) => !used).entries()) add(`o${index}`, "output", [handle], last);
  const ends = open.filter(({ used }, index) => !used && index % 4 !== 3);
  add("out", "output", ends.length > 0 ? ends : open.slice(0, 1), last);
  return graphSchema.parse({ nodes, connections });
}

const PAUSE = { parked: true, pause_ms: 10 } as const;

/** What tests let a node do: as the engine's work; asked for the `call`th time, since the first may only begin to wait. */
export type TestWork = (node: PlanNode, attempt: number, call?: number) => AttemptResult | Parked;

/**
 * Deterministic work: what waits does so when it is first asked; some nodes always fail, some with a retry policy fail at first, the others answer. With `fatal: false` no node
 * fails whose failure would end the run.
 */
export const workOf =
  (options: { readonly fatal: boolean }) =>
  (node: PlanNode, attempt: number, call = 1): AttemptResult | Parked => {
    if (waits(node.node) && call === 1) return node.ordinal % 2 === 0 ? { parked: true } : PAUSE;
    const seed = [...node.id].reduce((sum, letter) => sum * 31 + letter.charCodeAt(0), 7) % 10;
    const survives = options.fatal || node.node?.config.on_failure !== "fail_run";
    if (seed < 3 && survives) return { ok: false, error: { code: "broken", message: `${node.id} always fails` } };
    if (seed < 6 && node.node?.config.retry !== undefined && attempt < 3) {
      return { ok: false, error: { code: "flaky", message: `${node.id} fails at first` } };
    }
    const output = { k: seed, text: `${node.id} answers` };
    const { node: of } = node;
    if (of?.kind === "http") return { ok: true, output: { status: 200, headers: {}, body: output } };
    if (of?.kind === "map") return { ok: true, output: [output, null] };
    if (of?.kind !== "router" && of?.kind !== "approval") return { ok: true, output };
    const handles = handlesOf(of).filter((handle) => handle !== ERROR_HANDLE);
    const handle = handles[seed % handles.length] ?? "";
    if (of.kind === "router") return { ok: true, output, handle };
    return { ok: true, handle, output: { decision: handle, approval_id: "apr_1", expired: false, decisions: [] } };
  };

export interface Expected {
  readonly outcomes: ReadonlyMap<string, Outcome>;
  /** Undefined when a failure ends the run. */
  readonly output: Json | undefined;
  /** Nodes whose failure ends the run. */
  readonly fatal: readonly string[];
}

/**
 * What a run must come to, worked out without store, schedule or worklist: node after node in topological order, each looking at its
 * finished predecessors. Nodes behind a fatal failure have no outcome.
 */
export async function expectedRun(plan: Plan, input: Json, work: TestWork, seed = MEANS.seed): Promise<Expected> {
  const outcomes = new Map<number, Outcome>();
  const fatal: string[] = [];
  const left = new Set(plan.nodes.filter(({ ordinal }) => ordinal !== plan.end));
  for (let progress = true; progress; ) {
    progress = false;
    for (const node of left) {
      const sources = node.incoming.map((edge) => outcomes.get(edgeAt(plan, edge).source));
      if (sources.some((outcome) => outcome === undefined || failsRun(outcome))) continue;
      progress = left.delete(node);
      const outcome = await expectedOutcome(plan, node, outcomes, input, work, seed);
      outcomes.set(node.ordinal, outcome);
      if (failsRun(outcome)) fatal.push(node.id);
    }
  }
  return {
    outcomes: new Map([...outcomes].map(([ordinal, outcome]) => [nodeAt(plan, ordinal).id, outcome])),
    output: fatal.length > 0 ? undefined : runOutput(plan, outcomes),
    fatal,
  };
}

async function expectedOutcome(
  plan: Plan,
  node: PlanNode,
  outcomes: ReadonlyMap<number, Outcome>,
  run_input: Json,
  work: TestWork,
  seed: string,
) {
  const isStart = node.ordinal === plan.start;
  const taken = node.incoming.filter((edge) =>
    edgeTaken(plan, edge, outcomes.get(edgeAt(plan, edge).source) ?? skipped),
  );
  if (!isStart && taken.length === 0) return skipped;
  const inputs = takenInputs(plan, node, outcomes);
  const input = mergedInput(inputs, run_input, isStart);
  const scope = scopeOf(plan, node, input, run_input, outcomes);
  if (node.pure) return settle(node, 1, await runPure(plan, node, inputs, scope, { ...MEANS, seed }));
  for (let attempt = 1; ; attempt++) {
    const first = work(node, attempt);
    const result = "parked" in first ? work(node, attempt, 2) : first;
    if ("parked" in result) throw new Error(`${node.id} waits for ever`);
    const outcome = settle(node, attempt, result);
    if (outcome.status !== "retrying") return outcome;
  }
}
