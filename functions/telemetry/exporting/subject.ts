import { outboxItem } from "../../../shared/change/items.ts";
import { timestamp } from "../../../shared/clock.ts";
import type { TenantTable } from "../../../shared/dynamo/table.ts";
import { idPrefixes, timeOfId } from "../../../shared/ids.ts";
import { asTraceId } from "../../../shared/tracing/context.ts";
import type { Span } from "../../../shared/tracing/otlp.ts";
import { executionSpan } from "../../executions/tracing/public.ts";
import { findRun, nameOf, spansOfRun } from "../../runs/public.ts";

/** What a collector is told of: it has ended. */
export interface Subject {
  readonly trace_id: string;
  readonly sampled: boolean;
  readonly ended_at: Date;
  /** Read as they are asked for. */
  spans(): AsyncIterable<Span>;
}

/**
 * A run by its id, or an execution by the id of its event, which is kept for longer than anybody is told of it.
 * @returns undefined where it is gone, or goes on
 */
export const subjectOf = (table: TenantTable, about: string): Promise<Subject | undefined> =>
  about.startsWith(`${idPrefixes.event}_`) ? execution(table, about) : run(table, about);

async function run(table: TenantTable, id: string): Promise<Subject | undefined> {
  const loaded = await findRun(table, id);
  if (loaded === undefined || loaded.run.finished_at === null) return undefined;
  const { trace_id, trace_sampled, finished_at } = loaded.run;
  return {
    trace_id: asTraceId(trace_id),
    sampled: trace_sampled,
    ended_at: new Date(finished_at),
    async *spans() {
      yield* spansOfRun(table, loaded, await nameOf(table, loaded.run));
    },
  };
}

async function execution(table: TenantTable, id: string): Promise<Subject | undefined> {
  const event = await table.get(outboxItem, { day: timestamp(timeOfId(id)).slice(0, 10), id });
  if (event === undefined) return undefined;
  const span = executionSpan(event.envelope);
  return {
    trace_id: span.trace_id,
    sampled: span.sampled,
    ended_at: new Date(span.finished_at),
    async *spans() {
      yield span;
    },
  };
}
