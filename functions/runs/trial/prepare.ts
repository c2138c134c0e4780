import type { TenantTable } from "../../../shared/dynamo/table.ts";
import { type Issue, Problem } from "../../../shared/errors.ts";
import { agentOf, type Graph, type GraphNode } from "../../pipelines/graph/public.ts";
import type { Draft } from "../../pipelines/public.ts";
import { isLive, type RunTest } from "../model.ts";
import type { TriedRun } from "../start/pipeline.ts";
import { runItem, type StoredRun } from "../store.ts";
import { givenOutcomes, type Upstream } from "./node.ts";
import { storeSetup } from "./setup.ts";

/** What a test is told beside input and time. */
export interface Trial extends Pick<RunTest, "faults" | "cassette" | "as_user_id"> {
  readonly draft?: Draft | undefined;
  /** The one node that is worked, by what comes to it in place of the others. */
  readonly node?: Upstream | undefined;
}

/** Whether a test is told anything that its run has to remember. */
const tellsNothing = ({ faults, cassette, as_user_id, draft, node }: Trial): boolean =>
  Object.keys(faults).length === 0 &&
  cassette === null &&
  as_user_id === null &&
  draft === undefined &&
  node === undefined;

/** What the record of a test keeps of that. */
export const testOf = (trial: Trial | undefined, draft: boolean): RunTest | undefined => {
  if (trial === undefined || (tellsNothing(trial) && !draft)) return undefined;
  const { faults, cassette, as_user_id, node } = trial;
  return { node_id: node?.node_id ?? null, draft, faults, cassette, as_user_id };
};

/** Whether a node calls a model or a host by itself, so that what it is answered can be made up. */
const calls = (node: GraphNode): boolean => node.kind === "http" || agentOf(node) !== undefined;

/** Faults have to be for nodes that call somebody. @throws Problem `validation_failed` */
export function requireFaultsIn(graph: Graph, { faults, node }: Pick<Trial, "faults" | "node">): void {
  const nodes = new Map(graph.nodes.map((one) => [one.id, one]));
  const issues = Object.keys(faults).flatMap((id): Issue[] => {
    const found = nodes.get(id);
    const path = `faults.${id}`;
    if (found === undefined || (node !== undefined && node.node_id !== id))
      return [{ path, message: node === undefined ? "is no node of the graph" : "is not the node under test" }];
    return calls(found) ? [] : [{ path, message: "calls no model and sends no request" }];
  });
  if (issues.length > 0) throw new Problem("validation_failed", "A fault cannot be met.", { issues });
}

/**
 * What is replayed has to be a test of this organization that was recorded, to its end: what it has not kept yet would be missed.
 * @throws Problem `validation_failed`, and `conflict` where it goes on or its tape is another run's
 */
export async function requireCassette(table: TenantTable, { cassette }: Pick<Trial, "cassette">): Promise<void> {
  if (cassette === null || cassette.replay_run_id === null) return;
  const run = await table.get(runItem, { id: cassette.replay_run_id });
  if (run?.test?.cassette?.record === true) return requireWhole(run);
  const message = run === undefined ? "is no run of the organization" : "is a run that has recorded nothing";
  const issues = [{ path: "cassette.replay", message }];
  throw new Problem("validation_failed", "There is nothing to answer from.", { issues });
}

function requireWhole({ id, root_run_id, status }: StoredRun): void {
  if (root_run_id !== id)
    throw new Problem(
      "conflict",
      `What ${id} was answered is kept with the run that it is within. Replay ${root_run_id}.`,
      {
        members: { root_run_id },
      },
    );
  if (isLive(status)) throw new Problem("conflict", `${id} still records. Wait until it has ended, or stop it.`);
}

/** A test of a pipeline, or of a node, as `preparePipeline` takes it. */
export const triedRun = (trial: Trial): TriedRun => ({
  draft: trial.draft,
  node_id: trial.node?.node_id,
  async told({ table, blobs }, pinned) {
    const { draft, node } = trial;
    const given = node === undefined ? undefined : await givenOutcomes({ table, blobs }, pinned, node);
    requireFaultsIn(pinned.graph, trial);
    await requireCassette(table, trial);
    return async (named) => ({
      test: testOf(trial, draft !== undefined),
      setup:
        draft === undefined && node === undefined
          ? undefined
          : await storeSetup(blobs, table.tenant, named, { ...draft, given }),
    });
  },
});
