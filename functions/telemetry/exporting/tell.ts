import type { Clock } from "../../../shared/clock.ts";
import type { Table, TenantTable } from "../../../shared/dynamo/table.ts";
import type { Sealer } from "../../../shared/http/platform.ts";
import { organizationItem } from "../../../shared/identity/items.ts";
import type { Outbound } from "../../../shared/outbound/index.ts";
import type { Span } from "../../../shared/tracing/otlp.ts";
import { batchesOf } from "../rules/batches.ts";
import { inTime, nextTry, type Untaken } from "../rules/outcome.ts";
import { isAmong } from "../rules/sampling.ts";
import { traceExportHealthItem, traceExportItem } from "../store.ts";
import { type Failed, type Of, recordFailed, recordTold, type Taken } from "./record.ts";
import { type Collector, collectorOf, send, unreadable } from "./send.ts";
import { type Subject, subjectOf } from "./subject.ts";
import { takeTurn } from "./turn.ts";

export interface TellDeps {
  readonly table: Table;
  readonly clock: Clock;
  readonly secrets: Pick<Sealer, "decrypt">;
  readonly outbound: Pick<Outbound, "request">;
  /** In [0, 1), for the waits. */
  readonly random: () => number;
}

/** What somebody is told of: of an ended run or execution (see `subjectOf`) all spans but so many, which were taken before. */
export interface Telling {
  readonly about: string;
  readonly from: number;
}

/** Who waits for a turn has theirs within this after it. */
const TURNS_WITHIN_MS = 60_000;

/**
 * Tells an organization's collector of something that has ended.
 * @returns what is left to tell, and when; undefined when nothing is
 */
export async function tellOf(
  table: TenantTable,
  { about, from }: Telling,
  deps: TellDeps,
): Promise<(Telling & { readonly at: Date }) | undefined> {
  const [organization, stored, health] = await table.table.batch([
    table.read(organizationItem, {}),
    table.read(traceExportItem, {}),
    table.read(traceExportHealthItem, {}),
  ]);
  if (organization?.status !== "active" || stored?.status !== "active") return undefined;
  const subject = await subjectOf(table, about);
  if (subject === undefined || !subject.sampled || !isAmong(subject.trace_id, stored.sample_ratio)) return undefined;
  const of: Of = { organization, stored, trace_id: subject.trace_id };
  const began = deps.clock.now();
  const turn = await takeTurn(table, stored, health, began);
  if (turn !== undefined) {
    const at = new Date(turn.getTime() + Math.round(deps.random() * TURNS_WITHIN_MS));
    if (inTime(subject.ended_at, at)) return { about, from, at };
    const { code, message } = health?.last_error ?? tooSlow;
    await recordFailed(table, of, { code, message, about }, nothing, began, { over: true, not_before: turn });
    return undefined;
  }
  const collector = await collectorOf(table.tenant, stored, deps.secrets);
  const [outcome, taken] = collector === undefined ? [unreadable, nothing] : await told(subject, from, collector, deps);
  const now = deps.clock.now();
  const failed = (why: Untaken): Failed => ({ code: why.code, message: why.message, about });
  if (outcome === "all") {
    await recordTold(table, of, taken, { about, whole: true }, now);
    return undefined;
  }
  const reached = from + taken.spans;
  if (outcome === "part") {
    await recordTold(table, of, taken, { about, whole: false }, now);
    if (inTime(subject.ended_at, now)) return { about, from: reached, at: now };
    await recordFailed(table, of, failed(tooSlow), nothing, now, { over: true });
    return undefined;
  }
  if (outcome.kind === "refused") {
    await recordFailed(table, of, failed(outcome), taken, now, { over: true });
    return undefined;
  }
  const since_ms = Math.min(
    subject.ended_at.getTime(),
    Date.parse(health?.failing_since ?? subject.ended_at.toISOString()),
  );
  const at = nextTry(since_ms, { now_ms: now.getTime(), random: deps.random(), after_ms: outcome.after_ms });
  const over = !inTime(subject.ended_at, at);
  await recordFailed(table, of, failed(outcome), taken, now, { over, not_before: at });
  return over ? undefined : { about, from: reached, at };
}

const nothing: Taken = { spans: 0, rejected: 0, message: null };

/** The function has two minutes, and a request takes ten seconds at most. */
const MOST_TELLING_MS = 90_000;

const tooSlow: Untaken = {
  kind: "later",
  code: "too_slow",
  message: "The collector did not take all of it in time.",
  status: null,
};

/** Request by request, as many as there is time for; the first that is not taken ends it. */
async function told(
  subject: Subject,
  from: number,
  collector: Collector,
  { outbound, clock }: TellDeps,
): Promise<readonly ["all" | "part" | Untaken, Taken]> {
  let [spans, rejected] = [0, 0];
  let message: string | null = null;
  const taken = (): Taken => ({ spans, rejected, message });
  const until = clock.now().getTime() + MOST_TELLING_MS;
  for await (const batch of batchesOf(after(from, subject.spans()))) {
    if (clock.now().getTime() >= until) return ["part", taken()];
    const sent = await send(collector, batch, { outbound, now_ms: clock.now().getTime() });
    if (sent.kind !== "taken") return [sent, taken()];
    spans += batch.length;
    rejected += sent.rejected;
    message = sent.message ?? message;
  }
  return ["all", taken()];
}

/** All spans but the first ones: what has ended changes no more, so they come in the same order each time. */
async function* after(from: number, spans: AsyncIterable<Span>): AsyncGenerator<Span, void, void> {
  let passed = 0;
  for await (const span of spans) if (++passed > from) yield span;
}
