import type { Table } from "../../../shared/dynamo/table.ts";
import type { Write } from "../../../shared/dynamo/write.ts";
import { type CallableModel, providerChecks, resolveModel, unknownModel } from "../../models/public.ts";

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
export async function fallbacksFor(table: Table, tenant: string, ids: readonly string[], at: Date): Promise<string[]> {
  const found = ids.map(
    async (id, i) => (await modelFor(table, tenant, id, at, `fallback_model_ids.${i}`)).model.model.id,
  );
  return Promise.all(found);
}
