import type { Blobs } from "../../../shared/blobs/blobs.ts";
import type { Files } from "../../../shared/blobs/files.ts";
import { Problem } from "../../../shared/errors.ts";
import type { Organization } from "../../../shared/identity/items.ts";
import { type CallableModel, embeddingCall, modelError, TEXTS_PER_CALL } from "../../models/public.ts";
import { admitTokens, type WorkMeter } from "../../usage/public.ts";
import { AgentGone, type IndexOf, mayGoOn } from "./claim.ts";
import type { EmbeddingDeps } from "./embedding.ts";
import { knownBefore, partKey } from "./known.ts";
import { type TextIndex, writeIndex } from "./rules/file.ts";
import { callFailed, type Lack, MOST_DIMENSIONS, tooManyDimensions } from "./rules/lacks.ts";
import { Pieces } from "./rules/pieces.ts";

export interface VectorDeps extends EmbeddingDeps {
  readonly blobs: Pick<Blobs, "load">;
  readonly files: Pick<Files, "bytes" | "put">;
  readonly pause: (ms: number) => Promise<void>;
}

/** A model that does not answer is asked again after 1, 2, 4, 8 and 16 seconds, or when it says. */
const TRIES = 6;
export const CALL_MS = 60_000;
/** So long a model is waited for since it last answered, calls and pauses together: others wait for the worker. */
const PATIENCE_MS = 120_000;
/** What four bytes are at least: a text that certainly has more tokens than are left of the month is not begun. */
const BYTES_PER_TOKEN = 4;

/** One go of a worker, which may index several texts. */
export interface Go {
  readonly plan: Organization["plan"];
  readonly left_ms: () => number;
  /** How long the model has been waited for since it last answered. */
  waited_ms: number;
  /** Whether it has answered at all. */
  answered: boolean;
  /** Why the model is asked no more in this go: it was waited for in vain. */
  lost?: Lack;
}

export type Outcome =
  | { readonly is: "ready"; readonly index: TextIndex; readonly chunks: number }
  /** With what there is nevertheless: it has been paid for. */
  | { readonly is: "failed"; readonly lack: Lack; readonly index?: TextIndex | undefined; readonly chunks: number }
  /** There is no time left: what there is. */
  | { readonly is: "cut"; readonly index: TextIndex; readonly chunks: number };

interface Work {
  readonly tenant: string;
  readonly of: IndexOf;
  readonly model: CallableModel;
  readonly meter: WorkMeter;
  readonly go: Go;
}

/**
 * Cuts a text into pieces and gets a vector for each that has none yet.
 * @throws AgentGone, and what the meter throws: what there is by then is kept
 */
export async function vectorsOf(work: Work, deps: VectorDeps): Promise<Outcome> {
  const { tenant, of } = work;
  const [text, known] = await Promise.all([deps.blobs.load(of.content), knownBefore(tenant, of, deps)]);
  const pieces = new Pieces(text, known);
  try {
    const ended = await fill(work, pieces, deps);
    const it = { index: pieces.index(), chunks: pieces.count };
    return typeof ended === "string" ? { is: ended, ...it } : { is: "failed", lack: ended, ...it };
  } catch (error) {
    if (!(error instanceof AgentGone) && pieces.gained) {
      const key = partKey(tenant, { ...of, agent_id: of.wanted.agent_id });
      await deps.files.put(key, writeIndex(pieces.index())).catch(() => undefined);
    }
    throw error;
  }
}

async function fill(work: Work, pieces: Pieces, deps: VectorDeps): Promise<"ready" | "cut" | Lack> {
  const { tenant, of, go } = work;
  const lack = await unaffordable(work, pieces, deps);
  if (lack !== undefined) return lack;
  for (let number = 1, tries = 1; ; number++) {
    const pending = pieces.missing();
    const [first, ...rest] = pending.slice(0, TEXTS_PER_CALL);
    if (first === undefined) return "ready";
    if (go.lost !== undefined) return go.lost;
    if (go.left_ms() <= 0 || !(await mayGoOn(deps, tenant, of.wanted.agent_id))) return "cut";
    const texts = [first, ...rest] as const;
    const began = go.left_ms();
    const call = { purpose: "document", texts, number, timeout_ms: CALL_MS, meter: work.meter } as const;
    const result = await embeddingCall(deps, tenant, work.model, call);
    if (result.ok) {
      const size = result.vectors[0]?.length ?? 0;
      if (size > MOST_DIMENSIONS) return tooManyDimensions(size);
      if (!pieces.learn(texts, result.vectors)) return callFailed(modelError("model_answer_invalid"));
      Object.assign(go, { answered: true, waited_ms: 0 });
      tries = 1;
      continue;
    }
    const { error, answered } = result;
    // What was answered beside it is paid for, and is not asked for again.
    if (answered !== undefined && answered.size > 0) {
      if (!pieces.learn([...answered.keys()], [...answered.values()]))
        return callFailed(modelError("model_answer_invalid"));
      Object.assign(go, { answered: true, waited_ms: 0 });
      tries = 1;
    }
    if (!error.retryable) return callFailed(error);
    const wait = error.retry_after_ms ?? 1_000 * 2 ** (tries - 1);
    go.waited_ms += began - go.left_ms() + wait;
    if (tries++ === TRIES || go.waited_ms > PATIENCE_MS) {
      go.lost = callFailed(error);
      return go.lost;
    }
    // The next go begins here. One in which nothing was answered has none after it: it would never end.
    if (wait > go.left_ms()) return go.answered ? "cut" : callFailed(error);
    await deps.pause(wait);
  }
}

/** Why a text is not begun that certainly does not fit into what is left of the month's tokens: its part would be of no use. */
async function unaffordable({ tenant, go }: Work, pieces: Pieces, { table, clock }: VectorDeps) {
  const bytes = pieces.missing().reduce((sum, piece) => sum + Buffer.byteLength(piece), 0);
  if (bytes === 0) return undefined;
  try {
    await admitTokens(table.of(tenant), go.plan, clock.now(), Math.ceil(bytes / BYTES_PER_TOKEN));
    return undefined;
  } catch (error) {
    if (error instanceof Problem && error.code === "quota_exceeded")
      return callFailed({ code: error.code, message: error.detail });
    throw error;
  }
}
