import type { TenantTable } from "../../shared/dynamo/table.ts";
import { defineResource, type Target } from "../../shared/http/resource.ts";
import { agentResource } from "../agents/resources.ts";
import { pipelineResource } from "../pipelines/resources.ts";
import { findRun, type RunStep, readWholeRun, runItem, runStepItem, type StoredRun, type WholeRun } from "./store.ts";

/** What operations of other rooms name of runs, without what starts and ends them: documents and gateways load it too. */
export { readWholeRun } from "./store.ts";

/** What is run: of a run, and of what runs the same again and again. */
export const executed = ({ kind, target_id }: Pick<StoredRun, "kind" | "target_id">): Target =>
  kind === "agent"
    ? { resource: agentResource, path: { agent_id: target_id } }
    : { resource: pipelineResource, path: { pipeline_id: target_id } };

const ofRun = ({ run }: { readonly run: StoredRun }): Target => executed(run);

/** What lists of runs, and of what is run, are narrowed to by an id. */
export const executedIn = (query: {
  readonly pipeline_id?: string | undefined;
  readonly agent_id?: string | undefined;
}) => [
  ...(query.pipeline_id === undefined ? [] : [executed({ kind: "pipeline", target_id: query.pipeline_id })]),
  ...(query.agent_id === undefined ? [] : [executed({ kind: "agent", target_id: query.agent_id })]),
];

/** A run with its state. */
export const runResource = defineResource({
  type: "run",
  path: ["run_id"],
  read: async ({ table, path }) => findRun(table, String(path.run_id)),
  subject: ({ run }) => run,
  target: ofRun,
});

/** The same, with its values. */
export const wholeRunResource = defineResource({
  type: "run",
  path: ["run_id"],
  read: async ({ table, path }) => readWholeRun(table, String(path.run_id)),
  subject: ({ run }) => run,
  target: ofRun,
});

/** A run with another one that it is compared with. */
export const comparedRunsResource = defineResource({
  type: "run",
  path: ["run_id", "with_run_id"],
  async read({
    table,
    path,
  }): Promise<{ readonly run: StoredRun; readonly after: WholeRun; readonly before: WholeRun } | undefined> {
    const [after, before] = await Promise.all(
      [path.run_id, path.with_run_id].map((id) => readWholeRun(table, String(id))),
    );
    return after === undefined || before === undefined ? undefined : { run: after.run, after, before };
  },
  subject: ({ run }) => run,
  beside: ({ before }) => [before.run],
  target: ofRun,
  also: ({ before }) => [ofRun(before)],
});

/** One attempt of a step, with its run. */
export const stepResource = defineResource({
  type: "run",
  path: ["run_id", "node_id", "attempt"],
  read: ({ table, path }) => readStep(table, path),
  subject: ({ run }) => run,
  target: ofRun,
});

async function readStep(
  table: TenantTable,
  path: { readonly run_id: string | number; readonly node_id: string | number; readonly attempt: string | number },
): Promise<{ readonly run: StoredRun; readonly step: RunStep } | undefined> {
  const [run, step] = await table.table.batch([
    table.read(runItem, { id: path.run_id }),
    table.read(runStepItem, path),
  ]);
  return run === undefined || step === undefined ? undefined : { run, step };
}
