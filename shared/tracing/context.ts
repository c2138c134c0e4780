import { createHash } from "node:crypto";
import { takeRandom } from "../random.ts";
import { readMembers } from "./state.ts";

/** Where something stands in a trace, as the W3C Trace Context says it (Recommendation of level 1). */
export interface Trace {
  /** 32 hexadecimal digits. */
  readonly trace_id: string;
  /** The span that it happens within, 16 hexadecimal digits; null at the beginning of a trace. */
  readonly parent_span_id: string | null;
  /** Whether who came before keeps spans of it. A trace that begins here is kept. */
  readonly sampled: boolean;
  /** What systems before have to say to systems after, as they wrote it; null for nothing. */
  readonly state: string | null;
}

const TRACE_ID_BYTES = 16;
const SPAN_ID_BYTES = 8;
const VERSION_00_LENGTH = 55;
const SAMPLED = 1;

const form = /^([\da-f]{2})-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})(?:-.*)?$/;
const isNothing = (id: string): boolean => /^0+$/.test(id);

/** A new trace id: random in all its bytes, as samplers count on. */
export function newTraceId(): string {
  const id = takeRandom(TRACE_ID_BYTES).toString("hex");
  return isNothing(id) ? newTraceId() : id;
}

/** A trace that begins here. */
export const newTrace = (): Trace => ({ trace_id: newTraceId(), parent_span_id: null, sampled: true, state: null });

/**
 * The trace that a request continues by its `traceparent` and `tracestate`; a new one where it names none, or names it in a
 * way that the standard does not take: that is never a reason to refuse a request. Headers that stand twice arrive joined by
 * commas, which no `traceparent` may have.
 */
export function readTrace(headers: Readonly<Record<string, string | undefined>>): Trace {
  const parent = readParent(headers.traceparent);
  return parent === undefined ? newTrace() : { ...parent, state: readMembers(headers.tracestate) };
}

/** What a `traceparent` says, of this version and of later ones that begin with the same fields. */
function readParent(header: string | undefined): Omit<Trace, "state"> | undefined {
  const text = header?.replace(/^[ \t]+|[ \t]+$/g, "") ?? "";
  const [, version, trace_id, parent_span_id, flags] = form.exec(text) ?? [];
  if (trace_id === undefined || parent_span_id === undefined || flags === undefined) return undefined;
  if (version === "ff" || isNothing(trace_id) || isNothing(parent_span_id)) return undefined;
  if (version === "00" && text.length !== VERSION_00_LENGTH) return undefined;
  return { trace_id, parent_span_id, sampled: (Number.parseInt(flags, 16) & SAMPLED) === SAMPLED };
}

/** The headers by which what is called from within a span continues the trace. */
export const traceHeaders = (
  { trace_id, sampled, state }: Omit<Trace, "parent_span_id">,
  span_id: string,
): { readonly traceparent: string; readonly tracestate?: string } => ({
  traceparent: `00-${trace_id}-${span_id}-${sampled ? "01" : "00"}`,
  ...(state === null ? {} : { tracestate: state }),
});

/** An id that follows from what the span is of: who records it twice records the same span. */
export function spanIdOf(parts: readonly (string | number)[]): string {
  const id = digest("span", parts, SPAN_ID_BYTES);
  return isNothing(id) ? spanIdOf([...parts, ""]) : id;
}

/** A trace id as it is, and of what was kept before ids had this form one that follows from it. */
export const asTraceId = (text: string): string =>
  /^[\da-f]{32}$/.test(text) && !isNothing(text) ? text : digest("trace", [text], TRACE_ID_BYTES);

const digest = (kind: string, parts: readonly (string | number)[], bytes: number): string =>
  createHash("sha256")
    .update(JSON.stringify([kind, ...parts]))
    .digest()
    .subarray(0, bytes)
    .toString("hex");
