import { USABLE_AGENT } from "../../../agents/model.ts";
import { USABLE_PIPELINE } from "../../../pipelines/model.ts";
import { agentArchived, type Denied } from "../../engine/rules/rights.ts";
import type { RunRecord } from "../../model.ts";

/** In which states a pipeline takes runs of this mode. */
export const pipelineTaking = (mode: RunRecord["mode"]) => (mode === "live" ? (["active"] as const) : USABLE_PIPELINE);

/**
 * Why a waiting run is not let in any more: its pipeline or agent has stopped taking such runs since it was accepted.
 * @param target undefined for one that is gone
 */
export function turnedAway(
  { kind, mode }: Pick<RunRecord, "kind" | "mode">,
  target: { readonly status: string } | undefined,
): Denied | undefined {
  const taking: readonly string[] = kind === "agent" ? USABLE_AGENT : pipelineTaking(mode);
  if (target !== undefined && taking.includes(target.status)) return undefined;
  if (kind === "agent") return agentArchived;
  const status = target?.status ?? "deleted";
  return { code: "pipeline_inactive", message: `The pipeline is ${status} and takes no ${mode} runs any more.` };
}
