import type { ModelErrorCode } from "../../calls/rules/errors.ts";

/** Failures by which a provider shows that it is not well. */
const FAULTS: ReadonlySet<ModelErrorCode> = new Set(["model_unavailable", "model_timeout"]);
/** Failures that say nothing of the provider, since it was not asked or not for long. */
const SAY_NOTHING: ReadonlySet<ModelErrorCode> = new Set([
  "cancelled",
  "quota_exceeded",
  "budget_exceeded",
  "budget_reserved",
  "provider_address_blocked",
  "provider_key_missing",
]);
/**
 * Who gives less time learns from silence nothing of the provider: a model that reasons says nothing for that long when it is
 * well, and how long to wait is the caller's choice.
 */
const PATIENCE_MS = 60_000;

/** What a call says of its provider: it is not well, it answers (if only that it refuses), or nothing. */
export type Told = "fault" | "answers" | "nothing";

/**
 * What a call has told of its provider. A refusal of the request is an answer; so is a rate limit: who says `429` is there, and
 * says by `Retry-After` when to come again, for which calls wait anyhow. Counting it would make an outage of a busy minute.
 * @param answered whether it had begun to answer
 * @param waited_ms of a call that was ended by us: how long ago the provider was asked last
 */
export function toldBy(failure: ModelErrorCode | undefined, answered: boolean, waited_ms: number | undefined): Told {
  if (failure === undefined) return answered ? "answers" : "nothing";
  if (SAY_NOTHING.has(failure)) return "nothing";
  if (!FAULTS.has(failure)) return "answers";
  if (failure !== "model_timeout") return "fault";
  // Who is busy answering is not silent, however long the answer takes.
  if (answered) return "answers";
  // A status that says so (504, 408), or a connection that could not be made, is told by the other side, whenever it comes.
  return waited_ms !== undefined && waited_ms < PATIENCE_MS ? "nothing" : "fault";
}
