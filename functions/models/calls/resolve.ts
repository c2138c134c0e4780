import type { Table, TenantTable } from "../../../shared/dynamo/table.ts";
import type { Write } from "../../../shared/dynamo/write.ts";
import { Problem } from "../../../shared/errors.ts";
import type { Sealer } from "../../../shared/http/platform.ts";
import { type ResolvedModel, resolveWith } from "../model.ts";
import { GUARDED_PROVIDER, type ModelKind } from "../rules/catalogue.ts";
import { costAtPrice } from "../rules/prices.ts";
import { apiKeyContext, modelProviderItem, providerOf, type StoredProvider } from "../store.ts";
import type { CallUsage, ModelRequest, ModelResult } from "./call.ts";
import type { ModelConnection } from "./connect.ts";
import type { EmbeddingRequest, EmbeddingResult } from "./embed.ts";
import type { ModelEvent, ModelInvoker } from "./invoke.ts";
import { type ModelError, modelError } from "./rules/errors.ts";

/** A model with what is stored about its provider; the key is still encrypted. */
export interface CallableModel extends ResolvedModel {
  readonly stored: StoredProvider | undefined;
}

/**
 * The model of a kind that an id names for this organization: of the catalogue, or one of its own. One read at most; undefined
 * when there is none, and never another model than the one that was named.
 */
export async function resolveModel(
  table: Table,
  tenant: string,
  model_id: string,
  at: Date,
  kind: ModelKind = "language",
): Promise<CallableModel | undefined> {
  const provider = await providerOf(table.of(tenant), model_id);
  if (provider === undefined) return undefined;
  const { stored } = provider;
  const resolved = resolveWith(model_id, stored, at);
  return resolved === undefined || resolved.model.kind !== kind ? undefined : { ...resolved, stored };
}

const kindNames: Readonly<Record<ModelKind, string>> = { language: "model", embedding: "model for embeddings" };

/** 422 for a body that names a model which this organization does not have. */
export const unknownModel = (model_id: string, path = "model_id", kind: ModelKind = "language"): Problem =>
  new Problem("unknown_model", `There is no ${kindNames[kind]} \`${model_id}\`.`, {
    issues: [{ path, message: `is not a ${kindNames[kind]} that this organization can use` }],
  });

/**
 * The check, for a transaction, that the provider of a model is still configured as it was when it was read. Nothing
 * for providers by role.
 */
export const providerChecks = (table: TenantTable, model: CallableModel): Write[] =>
  model.stored === undefined
    ? []
    : [
        table.writes.check(
          modelProviderItem,
          { name: model.stored.name },
          { equals: { etag: model.stored.etag } },
          () => new Problem("conflict", "The model's provider has just been changed. Try again."),
        ),
      ];

/** How to reach the model, key opened; or why it cannot be reached. */
async function connectionOf(
  secrets: Sealer,
  tenant: string,
  { model, stored }: CallableModel,
): Promise<ModelConnection | ModelError> {
  if (model.provider === "amazon-bedrock") return { provider: "amazon-bedrock" };
  if (stored === undefined) return modelError("provider_key_missing");
  const api_key =
    stored.sealed_api_key === null
      ? undefined
      : await secrets.decrypt(stored.sealed_api_key, apiKeyContext(tenant, stored.name));
  const base_url = stored.base_url ?? undefined;
  if (model.provider === "openai_compatible") {
    if (base_url === undefined) return modelError("provider_key_missing");
    return { provider: model.provider, name: stored.name, base_url, api_key };
  }
  if (api_key === undefined) return modelError("provider_key_missing");
  if (model.provider !== "azure") return { provider: model.provider, api_key, base_url };
  return {
    provider: "azure",
    api_key,
    resource_name: stored.resource_name ?? "",
    api_version: stored.api_version ?? undefined,
    deployment: stored.deployment ?? undefined,
    base_url,
  };
}

const failedBefore = (model: string, error: ModelError): ModelResult => ({
  ok: false,
  error,
  model,
  usage: { tokens_in: 0, tokens_out: 0 },
  calls: [],
  tool_calls: [],
  retries: 0,
});

export interface ModelCallDeps {
  readonly secrets: Sealer;
  readonly invoker: ModelInvoker;
}

export type ModelCall = Omit<ModelRequest, "model" | "connection">;

/**
 * One answer of a model, tools included. Failures of the provider are values; only a fault of ours throws
 * (`service_unavailable` when the key service does not answer).
 * @param on_event gives the answer while it is made; of a guarded one once it is whole
 */
export async function modelCall(
  deps: ModelCallDeps,
  tenant: string,
  model: CallableModel,
  call: ModelCall,
  on_event?: (event: Exclude<ModelEvent, { type: "done" }>) => void | Promise<void>,
): Promise<ModelResult> {
  // Never unguarded: also where the agent was saved before its model was another one.
  if (call.guardrail !== undefined && model.model.provider !== GUARDED_PROVIDER)
    return failedBefore(model.model.id, modelError("guardrail_unsupported"));
  const connection = await connectionOf(deps.secrets, tenant, model);
  if ("code" in connection) return failedBefore(model.model.id, connection);
  const request: ModelRequest = { ...call, model: model.model, connection };
  if (on_event === undefined) return deps.invoker.generate(request);
  // What a guardrail stops is known at the end only: nothing of it is given away before.
  const held: Exclude<ModelEvent, { type: "done" }>[] = [];
  for await (const event of deps.invoker.stream(request)) {
    if (event.type === "done") {
      if (event.result.ok) for (const kept of held) await on_event(kept);
      return event.result;
    }
    if (call.guardrail === undefined) await on_event(event);
    else held.push(event);
  }
  return failedBefore(model.model.id, modelError("model_answer_invalid"));
}

export type EmbeddingCall = Omit<EmbeddingRequest, "model" | "connection">;

/** Numbers for texts, by a model for embeddings. Failures of the provider are values, as of an answer. */
export async function embeddingCall(
  deps: ModelCallDeps,
  tenant: string,
  model: CallableModel,
  call: EmbeddingCall,
): Promise<EmbeddingResult> {
  const connection = await connectionOf(deps.secrets, tenant, model);
  if ("code" in connection) return { ok: false, error: connection, calls: [] };
  return deps.invoker.embed({ ...call, model: model.model, connection });
}

export interface ModelCost {
  readonly cost_usd_micros: number;
  readonly price_version: string;
}

/** The cost of the calls that were made, each priced by itself. A model without a price costs nothing and says so. */
export const costOf = ({ price }: ResolvedModel, calls: readonly CallUsage[]): ModelCost =>
  price === null
    ? { cost_usd_micros: 0, price_version: "unpriced" }
    : {
        cost_usd_micros: calls.reduce((total, call) => total + costAtPrice(call, price), 0),
        price_version: price.version,
      };

/**
 * What a call costs at worst that comes to these tokens: the provider may keep the whole prompt for calls to come, by itself or
 * because the agent asks for it, and take more for that.
 */
export function worstCostOf(
  model: ResolvedModel,
  call: Pick<CallUsage, "tokens_in" | "tokens_out">,
  { cache_prompt }: { readonly cache_prompt: boolean },
): number {
  const { prompt_cache } = model.model.supports;
  const keeps = prompt_cache === "automatic" || (cache_prompt && prompt_cache === "on_request");
  const plain = { ...call, estimated: true };
  const ways = keeps ? [plain, { ...plain, tokens_cache_write: call.tokens_in }] : [plain];
  return Math.max(...ways.map((way) => costOf(model, [way]).cost_usd_micros));
}
