import type { Clock } from "../../../shared/clock.ts";
import type { Table } from "../../../shared/dynamo/table.ts";
import type { Sealer } from "../../../shared/http/platform.ts";
import { type CallableModel, costOf, type ModelInvoker, worstCostOf } from "../../models/public.ts";
import { type MeterOf, type WorkMeter, workMeter } from "../../usage/public.ts";
import { indexName } from "./rules/needed.ts";

export interface EmbeddingDeps {
  readonly table: Table;
  readonly clock: Clock;
  readonly secrets: Sealer;
  readonly invoker: ModelInvoker;
}

/** Whose calls these are, and who pays for them. */
export type EmbeddingWork = Pick<MeterOf, "plan" | "actor" | "work" | "answers" | "budget" | "timeout_ms"> &
  Pick<MeterOf["about"], "agent_id" | "agent_version" | "run_id">;

/** The meter of a work's calls for embeddings: reserved before, in the ledger behind, at the model's price. */
export const embeddingMeter = (
  { table, clock }: Pick<EmbeddingDeps, "table" | "clock">,
  tenant: string,
  model: CallableModel,
  { agent_id, agent_version, run_id, ...paid }: EmbeddingWork,
): WorkMeter =>
  workMeter({
    ...paid,
    table: table.of(tenant),
    clock,
    about: { model: model.model.id, provider: model.provider, agent_id, agent_version, run_id },
    costOf: (call) => costOf(model, [call]),
    worstCostOf: (call) => worstCostOf(model, call, { cache_prompt: false }),
    max_output_tokens: 0,
  });

/** Under which name texts are indexed by a model; also by one that the organization does not have. */
export function indexOf(model_id: string, found: CallableModel | undefined): string {
  if (found === undefined) return indexName({ id: model_id, dimensions: null });
  const { model, source, stored } = found;
  const { provider_model_id } = model;
  const own = source === "organization" ? { provider_model_id, base_url: stored?.base_url ?? null } : undefined;
  return indexName({ id: model.id, dimensions: model.dimensions, served: own });
}
