import type { Table } from "../../../shared/dynamo/table.ts";
import type { Write } from "../../../shared/dynamo/write.ts";
import { type Issue, Problem } from "../../../shared/errors.ts";
import {
  type CallableModel,
  GUARDED_PROVIDER,
  providerChecks,
  providerOfModelId,
  resolveModel,
  unknownModel,
} from "../../models/public.ts";
import type { Definition, Retrieval } from "../model.ts";

/**
 * The model that an agent is to use, and the proof for the transaction that an organization's own model is still there.
 * @throws Problem `unknown_model` (422)
 */
export async function modelFor(
  table: Table,
  tenant: string,
  model_id: string,
  at: Date,
  path = "model_id",
): Promise<{ readonly model: CallableModel; readonly checks: readonly Write[] }> {
  const model = await resolveModel(table, tenant, model_id, at);
  if (model === undefined) throw unknownModel(model_id, path);
  return { model, checks: model.source === "organization" ? providerChecks(table.of(tenant), model) : [] };
}

/**
 * The models that are asked where the agent's own fails, by their ids. One that is gone later is passed over.
 * @throws Problem `unknown_model` (422)
 */
export async function fallbacksFor(
  table: Table,
  tenant: string,
  ids: readonly string[],
  at: Date,
  under = "",
): Promise<string[]> {
  const found = ids.map(
    async (id, i) => (await modelFor(table, tenant, id, at, `${under}fallback_model_ids.${i}`)).model.model.id,
  );
  return Promise.all(found);
}

/**
 * The model that an agent's contexts are searched with. One that is gone later is told where the contexts are searched.
 * @throws Problem `unknown_model` (422)
 */
export async function requireEmbedding(table: Table, tenant: string, { model_id }: Retrieval, at: Date): Promise<void> {
  if ((await resolveModel(table, tenant, model_id, at, "embedding")) === undefined)
    throw unknownModel(model_id, "retrieval.model_id", "embedding");
}

/**
 * What is wrong with a guardrail beside these models, which have been resolved: one that is served elsewhere would answer
 * unguarded.
 */
export function guardrailIssues(
  { guardrail, model_id, fallback_model_ids }: Pick<Definition, "guardrail" | "model_id" | "fallback_model_ids">,
  under = "",
): Issue[] {
  if (guardrail === null) return [];
  return [
    ["model_id", model_id] as const,
    ...fallback_model_ids.map((id, i) => [`fallback_model_ids.${i}`, id] as const),
  ]
    .filter(([, id]) => providerOfModelId(id) !== GUARDED_PROVIDER)
    .map(([field]) => ({
      path: `${under}${field}`,
      message: "must be a model of Amazon Bedrock: the agent's `guardrail` guards no others",
    }));
}

/** @throws Problem `validation_failed` (422) */
export function requireGuarded(definition: Parameters<typeof guardrailIssues>[0], under = ""): void {
  const issues = guardrailIssues(definition, under);
  if (issues.length > 0)
    throw new Problem("validation_failed", "The agent's guardrail does not guard all of its models.", { issues });
}
