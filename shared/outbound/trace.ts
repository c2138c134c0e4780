import { AsyncLocalStorage } from "node:async_hooks";
import { timestamp } from "../clock.ts";
import { spanIdOf, type Trace, traceHeaders } from "../tracing/context.ts";
import type { InnerCall, SentRequest } from "../tracing/inner.ts";

/** Calls of one span that are kept as spans of their own; who makes more of them is told of by the first ones. */
const MOST_CALLS = 50;

/** The span within which something is done. */
interface Current {
  readonly trace: Omit<Trace, "parent_span_id">;
  readonly span_id: string;
  readonly calls: InnerCall[];
  /** How many calls are spans of their own at most; what others send is within this one. */
  readonly most_calls: number;
  /** The keys of the calls that have begun, in order. */
  readonly made: string[];
  /** The last request that was sent within it, and is within no call of its own. */
  readonly sent: { last?: SentRequest };
}

const current = new AsyncLocalStorage<Current>();

/**
 * Does something within a span: whatever the guarded client sends meanwhile continues the trace, whoever asks it to.
 * @param work gets what is kept meanwhile: calls that are spans of their own (`asCall`), the last request of all else
 * @param most_calls 0 where nobody will tell of calls: a span that is named to who is called must be one that comes
 */
export const withinSpan = <T>(
  trace: Current["trace"],
  span_id: string,
  work: (kept: { readonly calls: readonly InnerCall[]; readonly sent: Current["sent"] }) => T,
  most_calls = MOST_CALLS,
): T => {
  const kept = { calls: [], sent: {} };
  return current.run({ trace, span_id, most_calls, made: [], ...kept }, () => work(kept));
};

/** Keeps where a request went, and what status it was answered with, where it is made within a span. */
export function noteSent(url: string, method: string, status: number | undefined): void {
  const within = current.getStore();
  if (within === undefined) return;
  const address = new URL(url).hostname;
  within.sent.last = { method, address, ...(status === undefined ? {} : { status }) };
}

/** One call, and how it is told from all others of its span: by the same key whoever repeats the work, by another whatever else is done. */
interface What extends Pick<InnerCall, "operation" | "name" | "provider"> {
  readonly key: string;
}

/**
 * Does one call as a span of its own within the one that goes on, where one does and has room for it.
 * @param came what is known of it afterwards
 * @param failed the code of what it threw
 */
export async function asCall<T>(
  { key, ...what }: What,
  work: () => PromiseLike<T>,
  came: (result: T) => Pick<InnerCall, "error" | "usage" | "response_model">,
  failed: (error: unknown) => string = () => "internal_error",
): Promise<T> {
  const within = current.getStore();
  if (within === undefined) return work();
  if (within.made.length >= within.most_calls) return current.run({ ...within, sent: {} }, work);
  const number = within.made.push(key);
  // Not every provider gives each call of a tool another id.
  const times = within.made.filter((other) => other === key).length;
  const started_at = timestamp(new Date());
  const span_id = spanIdOf([within.span_id, key, times]);
  const own: Current = { ...within, span_id, sent: {} };
  const keep = (come: ReturnType<typeof came>): void => {
    const { last: sent } = own.sent;
    const when = { started_at, finished_at: timestamp(new Date()) };
    within.calls.push({ number, span_id, ...what, ...when, ...(sent === undefined ? {} : { sent }), ...come });
  };
  try {
    const result = await current.run(own, work);
    keep(came(result));
    return result;
  } catch (error) {
    keep({ error: failed(error) });
    throw error;
  }
}

/** The calls that the work of the span has made so far, those of `resumeCalls` among them. */
export const callsMade = (): readonly InnerCall[] => [...(current.getStore()?.calls ?? [])];

/** What the work of the span has called before it was parked: it stands before what is called now. */
export function resumeCalls(before: readonly InnerCall[]): void {
  const within = current.getStore();
  const known = new Set(within?.calls.map(({ span_id }) => span_id));
  const missing = before.filter(({ span_id }) => !known.has(span_id));
  within?.calls.unshift(...missing);
  within?.made.unshift(...missing.map(({ span_id = "" }) => span_id));
}

/** The same for calls to who is none of the caller's own systems: what those say to each other is not for them. */
export function withoutState<T>(work: () => T): T {
  const within = current.getStore();
  return within === undefined ? work() : current.run({ ...within, trace: { ...within.trace, state: null } }, work);
}

/** What a call carries; nothing outside of spans. */
export function carried(): Readonly<Record<string, string>> {
  const within = current.getStore();
  return within === undefined ? {} : traceHeaders(within.trace, within.span_id);
}
