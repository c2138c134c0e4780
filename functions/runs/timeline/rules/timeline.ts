import * as z from "zod";
import { idSchema } from "../../../../shared/ids.ts";
import {
  isLive,
  type RunRecord,
  runStatusSchema,
  type StepView,
  stepStatusSchema,
  waitsForSchema,
} from "../../model.ts";

/** A run of more attempts than these is read step by step: a picture of it would tell nobody anything. */
export const MOST_ATTEMPTS = 500;

const offset = z.int().min(0);
const span = { start_ms: offset, end_ms: offset };

export const timelineView = z
  .object({
    run_id: idSchema("run"),
    status: runStatusSchema,
    /** From the request to the first step. */
    queued_ms: offset.nullable(),
    /** From the request to the run's end, or until now. */
    total_ms: offset,
    items: z.array(
      z
        .object({
          node_id: z.string(),
          kind: z.string(),
          attempt: z.int(),
          status: stepStatusSchema,
          work: z.object(span).nullable().meta({
            description:
              "When its work began and ended, in milliseconds from the request on; while it goes on, until now.",
          }),
          wait: z
            .object({ for: waitsForSchema, ...span })
            .nullable()
            .meta({ description: "How long it has waited: before its work (retry), or instead of it." }),
        })
        .meta({ id: "RunTimelineItem" }),
    ),
  })
  .meta({
    id: "RunTimeline",
    description: "When each attempt of a run's steps worked and waited, in the order in which they began.",
  });
export type Timeline = z.output<typeof timelineView>;
export type TimelineItem = Timeline["items"][number];

/** When what happened, from the attempts of a run that have begun or wait to. Skipped steps take no time and are left out. */
export function timelineOf(
  steps: readonly StepView[],
  run: Pick<RunRecord, "id" | "status" | "created_at" | "started_at" | "finished_at">,
  now: Date,
): Timeline {
  const zero = Date.parse(run.created_at);
  const at = (time: string): number => Math.max(0, Date.parse(time) - zero);
  const end = isLive(run.status) || run.finished_at === null ? Math.max(0, now.getTime() - zero) : at(run.finished_at);
  const views = steps.filter(({ status }) => status !== "skipped");
  const ended = new Map(views.map((view) => [`${view.node_id}/${view.attempt}`, view.finished_at]));
  const items = views.map((view): TimelineItem => {
    const { node_id, kind, attempt, status, started_at, finished_at } = view;
    const before = ended.get(`${node_id}/${attempt - 1}`);
    const own =
      started_at === null ? null : { start_ms: at(started_at), end_ms: finished_at === null ? end : at(finished_at) };
    const parked = waited(view);
    const retry = before == null ? null : { for: "retry" as const, start_ms: at(before), end_ms: own?.start_ms ?? end };
    return {
      ...{ node_id, kind, attempt, status },
      work: parked === undefined ? own : null,
      wait: parked === undefined || own === null ? retry : { for: parked, ...own },
    };
  });
  const began = ({ work, wait }: TimelineItem): number => wait?.start_ms ?? work?.start_ms ?? end;
  return {
    run_id: run.id,
    status: run.status,
    queued_ms: run.started_at === null ? null : at(run.started_at),
    total_ms: end,
    items: items.sort((a, b) => began(a) - began(b) || a.attempt - b.attempt || (a.node_id < b.node_id ? -1 : 1)),
  };
}

/** What an attempt has waited for instead of working; undefined for one that worked. */
const waited = ({ waits_for }: StepView) => (waits_for === null || waits_for === "retry" ? undefined : waits_for);
