import type { Blobs } from "../../../shared/blobs/blobs.ts";
import type { TenantTable } from "../../../shared/dynamo/table.ts";
import { type Issue, notFound, Problem } from "../../../shared/errors.ts";
import type { Json } from "../../../shared/expressions/json.ts";
import { commonLimits, DEFAULT_SOURCE_HANDLE, type Graph } from "../../pipelines/graph/public.ts";
import { outcomeOf } from "../engine/records.ts";
import { outcomesNeeded } from "../engine/rules/input.ts";
import { edgeTaken, type Outcome } from "../engine/rules/outcome.ts";
import { compilePlan, edgeAt, nodeAt, nodeNamed, type Plan, type PlanNode } from "../engine/rules/plan.ts";
import { isSettled, runStepItem, type StoredRun } from "../store.ts";
import type { GivenOutcome } from "./setup.ts";

/** What comes to a node is kept with its run, all of it together: as much as a graph may have. */
const MOST_GIVEN_BYTES = 5_000_000;

/** What a test of one node gets in place of the nodes before it. */
export interface Upstream {
  readonly node_id: string;
  /** The run's input. */
  readonly input: Json;
  /** Outputs by node, before those of the run. */
  readonly outputs: Readonly<Record<string, Json>>;
  /** A run of the same pipeline. */
  readonly run: StoredRun | undefined;
}

/**
 * What the nodes have come to from which one node follows: its predecessors, and the steps that it reads.
 * @throws Problem `not_found` where there is no such node, `graph_invalid` for a graph that cannot be walked,
 * `validation_failed` where something is missing, with each node
 */
export async function givenOutcomes(
  { table, blobs }: { readonly table: TenantTable; readonly blobs: Blobs },
  { graph, revision }: { readonly graph: Graph; readonly revision: number | null },
  { node_id, input, outputs, run }: Upstream,
): Promise<Record<string, GivenOutcome>> {
  if (!graph.nodes.some(({ id }) => id === node_id)) throw notFound(`The graph has no node \`${node_id}\`.`);
  const plan = planOf(graph);
  const node = nodeNamed(plan, node_id);
  const needed = outcomesNeeded(plan, node).map((ordinal) => nodeAt(plan, ordinal));
  const before = await stepsOf({ table, blobs }, run, needed);
  const issues: Issue[] = Object.keys(outputs)
    .filter((id) => !needed.some((one) => one.id === id))
    .map((id) => ({ path: `upstream.${id}`, message: `is no node that ${node_id} follows or reads` }));
  const given: Record<string, GivenOutcome> = {};
  const same = run !== undefined && run.pinned.revision !== null && run.pinned.revision === revision;
  for (const one of needed) {
    const found = before.get(one.id);
    if (Object.hasOwn(outputs, one.id)) given[one.id] = came(plan, one, node, outputs[one.id] ?? null);
    else if (one.ordinal === plan.start) given[one.id] = came(plan, one, node, input);
    // Places of connections are those of their revision.
    else if (found?.status === "completed") given[one.id] = { ...found, blocked: same ? [...found.blocked] : [] };
    else if (found?.status === "failed" && found.handle !== undefined)
      given[one.id] = { status: "failed", error: found.error, handle: found.handle };
    else if (found?.status === "skipped") given[one.id] = found;
    else issues.push({ path: `upstream.${one.id}`, message: why(one, run) });
  }
  if (issues.length > 0)
    throw new Problem("validation_failed", `What comes to the node ${node_id} is not known.`, { issues });
  requireReached(plan, node, given);
  if (Buffer.byteLength(JSON.stringify(given)) > MOST_GIVEN_BYTES) {
    const message = `is more than ${MOST_GIVEN_BYTES} bytes in all, for one node`;
    throw new Problem("validation_failed", "Too much comes to the node.", { issues: [{ path: "upstream", message }] });
  }
  return given;
}

const why = ({ id }: PlanNode, run: StoredRun | undefined): string =>
  run === undefined
    ? `is missing: give the output of ${id}, or the run_id of a run that has worked it`
    : `is missing: ${id} has come to no outcome in ${run.id}; give its output`;

function planOf(graph: Graph): Plan {
  try {
    return compilePlan(graph);
  } catch (error) {
    const message = `cannot be walked: ${error instanceof Error ? error.message : "it is not whole"}`;
    throw new Problem("graph_invalid", `The graph ${message}.`, { issues: [{ path: "graph", message }] });
  }
}

/** A value that came along the connection to the node, by whatever handle that leaves. */
function came(plan: Plan, source: PlanNode, target: PlanNode, output: Json): GivenOutcome {
  const edge = source.outgoing.map((ordinal) => edgeAt(plan, ordinal)).find((one) => one.target === target.ordinal);
  return { status: "completed", output, handle: edge?.handle ?? DEFAULT_SOURCE_HANDLE, blocked: [] };
}

/** @throws Problem `validation_failed` where no connection leads to the node by these outcomes */
function requireReached(plan: Plan, { id, incoming }: PlanNode, given: Readonly<Record<string, GivenOutcome>>): void {
  const taken = (ordinal: number): boolean => {
    const outcome = given[nodeAt(plan, edgeAt(plan, ordinal).source).id];
    return outcome !== undefined && edgeTaken(plan, ordinal, outcome);
  };
  if (incoming.length === 0 || incoming.some(taken)) return;
  const message = `has not come to ${id}: no branch led there; give an output of a node before it`;
  throw new Problem("validation_failed", `The run ${message}.`, { issues: [{ path: "run_id", message }] });
}

/** The final outcomes of nodes in a run, by node. */
async function stepsOf(
  { table, blobs }: { readonly table: TenantTable; readonly blobs: Blobs },
  run: StoredRun | undefined,
  nodes: readonly PlanNode[],
): Promise<Map<string, Outcome>> {
  const outcomes = new Map<string, Outcome>();
  if (run === undefined) return outcomes;
  const reads = nodes.flatMap(({ id, pure }) =>
    Array.from({ length: pure ? 1 : commonLimits.max_attempts }, (_, i) =>
      table.read(runStepItem, { run_id: run.id, node_id: id, attempt: i + 1 }),
    ),
  );
  const steps = (await table.table.batch(reads)).flatMap((step) => (step === undefined ? [] : [step]));
  await Promise.all(
    steps
      .filter((step) => isSettled(step) && step.retry_in_ms === null)
      .map(async (step) => outcomes.set(step.node_id, await outcomeOf(step, blobs))),
  );
  return outcomes;
}
