import * as z from "zod";
import { defineItem, type ItemOf } from "../../../shared/dynamo/item.ts";
import type { TenantTable } from "../../../shared/dynamo/table.ts";
import type { Write } from "../../../shared/dynamo/write.ts";
import { Problem } from "../../../shared/errors.ts";
import { derivedId, idSchema } from "../../../shared/ids.ts";
import { LIVE } from "../model.ts";
import { runStateItem, runStepItem } from "../store.ts";

export const runCallsItem = defineItem({
  type: "run_calls",
  summary: "The runs that a step of a run has had run: which go on, how those that ended came out, what they cost.",
  schema: z.object({
    run_id: idSchema("run"),
    node_id: z.string(),
    attempt: z.int(),
    /** From which the ids of the runs follow. */
    begun_at: z.string(),
    next: z.int(),
    open: z.array(z.int()),
    succeeded: z.int(),
    failed: z.int(),
    tokens_in: z.int(),
    tokens_out: z.int(),
    cost_usd_micros: z.int(),
    /** What the step comes to, once that is clear: from then on nothing is started, and what still goes on is ended. */
    verdict: z
      .object({ is: z.enum(["done", "failed", "enough", "too_costly", "too_many"]), index: z.int().nullable() })
      .nullable(),
    /** Of a supervisor. */
    supervised: z
      .object({
        /** The latest round in which it has delegated. */
        round: z.int(),
        /** Runs that it has delegated in all rounds; some of them may not have been started yet. */
        delegated: z.int(),
        /** Which execution asks what is done next; nobody else does before that time. */
        asking: z.object({ by: z.string(), until: z.string() }).nullable(),
      })
      .optional(),
    /** Rises with every change. */
    change: z.int(),
    expires_at: z.string(),
  }),
  key: { pk: "RUN#{run_id}", sk: "CALLS#{node_id}#{attempt}" },
  expires: "expires_at",
});
export type StoredCalls = ItemOf<typeof runCallsItem>;

/** Most runs that are started within one run, however deep they nest. */
export const MOST_WITHIN = 20_000;

export const TOO_MANY_WITHIN = `A run has at most ${MOST_WITHIN} runs within it.`;

export const runWithinItem = defineItem({
  type: "run_within",
  summary: "How many runs have been started within a run, at whatever depth.",
  schema: z.object({ run_id: idSchema("run"), started: z.int(), expires_at: z.string() }),
  key: { pk: "RUN#{run_id}", sk: "WITHIN" },
  expires: "expires_at",
});

/** The write that counts some more runs within the outermost one. @returns a write that refuses with `quota_exceeded` */
export const withinWrite = (table: TenantTable, run_id: string, expires_at: string, more: number): Write =>
  table.writes.update(
    runWithinItem,
    { run_id },
    { set: { run_id, expires_at }, add: { started: more } },
    { any: [{ absent: ["started"] }, { below: { started: MOST_WITHIN - more + 1 } }] },
    () =>
      new Problem("quota_exceeded", TOO_MANY_WITHIN, {
        members: { resource: "runs_within", limit: MOST_WITHIN },
      }),
  );

/** The id of a run that a step has run: the same for the same index, whoever asks. */
export const calledId = (
  { run_id, node_id, attempt, begun_at }: Pick<StoredCalls, "run_id" | "node_id" | "attempt" | "begun_at">,
  index: number,
): string => derivedId("run", new Date(begun_at), [run_id, node_id, String(attempt), String(index)]);

/** Somebody else was woken too and was first, or the step does not wait any more. */
export class CallsMoved extends Problem {
  constructor() {
    super("conflict", "The step has moved on.");
  }
}

/**
 * The writes that take the calls of a waiting step on from how they were read.
 * @throws CallsMoved when committed, where somebody has, or where step or run have ended
 */
export function callsWrites(table: TenantTable, read: StoredCalls, set: Partial<StoredCalls>): Write[] {
  const { run_id, node_id, attempt, change } = read;
  const moved = () => new CallsMoved();
  return [
    table.writes.update(
      runCallsItem,
      { run_id, node_id, attempt },
      { set: { ...set, change: change + 1 } },
      { equals: { change } },
      moved,
    ),
    table.writes.check(runStepItem, { run_id, node_id, attempt }, { equals: { status: "waiting" } }, moved),
    table.writes.check(runStateItem, { run_id }, { one_of: { status: LIVE } }, moved),
  ];
}
