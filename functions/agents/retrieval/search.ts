import type { Files } from "../../../shared/blobs/files.ts";
import type { Write } from "../../../shared/dynamo/write.ts";
import type { Problem } from "../../../shared/errors.ts";
import { type CallMeter, costOf, embeddingCall, type ModelErrorCode, resolveModel } from "../../models/public.ts";
import type { AgentSnapshot } from "../versions/rules/snapshot.ts";
import { IndexCache } from "./cache.ts";
import { type EmbeddingDeps, type EmbeddingWork, embeddingMeter, indexOf } from "./embedding.ts";
import { isStalled, type Lack, notMade, notReady, otherSize, stalled, unknownEmbedding } from "./rules/lacks.ts";
import { chunkId, readyContexts, textName } from "./rules/needed.ts";
import { queryOf } from "./rules/query.ts";
import { mostLike } from "./rules/search.ts";
import { indexKey, textIndexItem } from "./store.ts";

/** A passage that was found for a message. */
export interface Passage {
  readonly chunk_id: string;
  readonly context_id: string;
  /** Of the context. */
  readonly name: string;
  readonly locator: string | null;
  /** The cosine: 1 for the same, 0 for nothing in common. */
  readonly score: number;
  readonly text: string;
}

interface Paid {
  readonly model_id: string;
  readonly tokens_in: number;
  readonly estimated: boolean;
  readonly cost_usd_micros: number;
  /** Writes of a call that could not be recorded when it ended. */
  readonly unrecorded: readonly Write[];
}

export type Found =
  | (Paid & { readonly ok: true; readonly passages: readonly Passage[] })
  | (Paid & {
      readonly ok: false;
      readonly error: {
        readonly code: ModelErrorCode | "retrieval_not_ready" | "retrieval_model_missing";
        readonly message: string;
        readonly retryable: boolean;
        readonly retry_after_ms?: number | undefined;
        /** Of `quota_exceeded`: the refusal as the API tells it. */
        readonly refusal?: Problem | undefined;
      };
    });

export interface SearchDeps extends EmbeddingDeps {
  readonly files: Pick<Files, "bytes">;
}

/** Who asks, what for, and what stands between the call and its provider. */
export interface SearchWork extends Omit<EmbeddingWork, "agent_id" | "agent_version"> {
  readonly message: string;
  readonly signal?: AbortSignal | undefined;
  readonly between?: ((own: CallMeter, model: string) => CallMeter) | undefined;
}

/** An index that is being made is looked for again after this. */
const NOT_READY_MS = 15_000;

const cache = new IndexCache();

/**
 * The passages of an agent's contexts that are most like a message, of exactly the contexts that the snapshot has: what was
 * removed or has changed since is in none of their indexes. Failures are values.
 */
export async function searchContexts(
  snapshot: Pick<AgentSnapshot, "organization_id" | "agent_id" | "version" | "definition" | "contexts">,
  { message, signal, between, ...work }: SearchWork,
  deps: SearchDeps,
  kept = cache,
): Promise<Found> {
  const { organization_id: tenant, agent_id, version, definition } = snapshot;
  const { model_id, top_k } = definition.retrieval;
  const unpaid: Paid = { model_id, tokens_in: 0, estimated: false, cost_usd_micros: 0, unrecorded: [] };
  const model = await resolveModel(deps.table, tenant, model_id, deps.clock.now(), "embedding");
  if (model === undefined)
    return {
      ...unpaid,
      ok: false,
      error: { code: "retrieval_model_missing", message: unknownEmbedding(model_id).message, retryable: false },
    };
  const index = indexOf(model_id, model);
  const texts = new Map(readyContexts(snapshot.contexts).map((one) => [textName(one.content), one]));
  const keys = [...texts.keys()].map((text) => indexKey(tenant, { agent_id, text, index }));
  const read = await kept.read(deps.files, keys);
  const indexes = [...texts].map(([text, context], i) => ({ text, context, index: read[i] }));
  const whole = indexes.flatMap((one) => (one.index === undefined ? [] : [{ ...one, index: one.index }]));
  if (whole.length < indexes.length) {
    const missing = indexes.flatMap((one) => (one.index === undefined ? [one.text] : []));
    const failed = await whyFailed(deps, tenant, { agent_id, index }, missing);
    const code = "retrieval_not_ready" as const;
    const error =
      failed === undefined
        ? { code, message: notReady(model_id).message, retryable: true, retry_after_ms: NOT_READY_MS }
        : { code, message: notMade(failed, version).message, retryable: false };
    return { ...unpaid, ok: false, error };
  }
  const meter = embeddingMeter(deps, tenant, model, { ...work, agent_id, agent_version: version });
  const result = await embeddingCall(deps, tenant, model, {
    purpose: "query",
    texts: [queryOf(message)],
    number: 1,
    timeout_ms: work.timeout_ms,
    signal,
    meter: between?.(meter, model_id) ?? meter,
  });
  const paid: Paid = {
    model_id,
    tokens_in: result.calls.reduce((sum, { tokens_in }) => sum + tokens_in, 0),
    estimated: result.calls.some(({ estimated }) => estimated),
    cost_usd_micros: costOf(model, result.calls).cost_usd_micros,
    unrecorded: meter.unrecorded(),
  };
  if (!result.ok) return { ...paid, ok: false, error: result.error };
  const [wanted = new Float32Array()] = result.vectors;
  // Never compared: the server gives another model's numbers under the same name.
  if (whole.some((one) => one.index.chunks.length > 0 && one.index.dimensions !== wanted.length)) {
    const error = { code: "retrieval_not_ready", message: otherSize(model_id).message, retryable: false } as const;
    return { ...paid, ok: false, error };
  }
  const hits = mostLike(
    wanted,
    whole.map((one) => one.index),
    top_k,
  );
  const passages = hits.flatMap(({ of, ordinal, score }): Passage[] => {
    const one = whole[of];
    const [start, end, locator] = one?.index.chunks[ordinal] ?? [0, 0, null];
    if (one === undefined) return [];
    const { id, name } = one.context;
    const found = { context_id: id, name, locator, text: one.index.text.slice(start, end) };
    return [
      { ...found, chunk_id: chunkId(id, one.text, ordinal), score: Math.min(1, Math.round(score * 10_000) / 10_000) },
    ];
  });
  return { ...paid, ok: true, passages };
}

/** Why one of these texts has no index and gets none by itself; undefined where all may be under way. */
async function whyFailed(
  { table, clock }: SearchDeps,
  tenant: string,
  of: { readonly agent_id: string; readonly index: string },
  texts: readonly string[],
): Promise<Lack | undefined> {
  const own = table.of(tenant);
  const items = await table.batch(texts.map((text) => own.read(textIndexItem, { ...of, text })));
  for (const item of items) {
    if (item?.status === "failed") return item.error ?? stalled;
    if (item?.status === "pending" && isStalled(item.updated_at, clock.now())) return stalled;
  }
  return undefined;
}
