import type { Target } from "../../shared/http/resource.ts";
import { agentResource } from "../agents/resources.ts";
import { pipelineResource } from "../pipelines/resources.ts";
import { runResource, type StoredRun, wholeRunResource } from "./store.ts";

/** What operations of other rooms name of runs, without what starts and ends them: documents and gateways load it too. */
export { readWholeRun } from "./store.ts";

/** What is run: of a run, and of what runs the same again and again. */
export const executed = ({ kind, target_id }: Pick<StoredRun, "kind" | "target_id">): Target =>
  kind === "agent"
    ? { resource: agentResource, path: { agent_id: target_id } }
    : { resource: pipelineResource, path: { pipeline_id: target_id } };

/** A run where it is done with what it is of, too: it is repeated, or labelled by whoever may execute that. */
export const executedRunResource = { ...runResource, target: ({ run }: { run: StoredRun }) => executed(run) };

/** The same, with its values. */
export const repeatedRunResource = { ...wholeRunResource, target: ({ run }: { run: StoredRun }) => executed(run) };
