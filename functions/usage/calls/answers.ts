import * as z from "zod";
import { type Blob, type Blobs, blobSchema } from "../../../shared/blobs/blobs.ts";
import type { FilePlace } from "../../../shared/blobs/purposes.ts";
import { addSeconds, timestamp } from "../../../shared/clock.ts";
import { defineItem } from "../../../shared/dynamo/item.ts";
import type { TenantTable } from "../../../shared/dynamo/table.ts";
import type { Write } from "../../../shared/dynamo/write.ts";
import type { UsageSource } from "../store.ts";

/**
 * What a provider answered to a call of a run's step, written with the record of its usage. A task that is repeated after
 * a fault finds it and does not call again. Kept for longer than a workflow repeats a task; a step that waits makes no calls before.
 */
export const modelAnswerItem = defineItem({
  type: "model_answer",
  summary:
    "A provider's answer to a call of a run's step, for a repetition of the step after a fault; kept for two days.",
  schema: z.object({
    source_kind: z.string(),
    source_id: z.string(),
    call: z.string(),
    /** JSON; a long one is a file of the run. */
    answer: blobSchema,
    expires_at: z.string(),
  }),
  key: { pk: "USAGE_OF#{source_kind}#{source_id}", sk: "ANSWER#{call}" },
  expires: "expires_at",
});

const KEPT_SECONDS = 2 * 86_400;
/** Without the file store an answer stays in its item, if it fits into one. */
const MOST_INLINE_BYTES = 300_000;

type Work = Omit<UsageSource, "call">;

/** Where the answers to a work's calls are kept: the long ones among the files of its run. */
export interface AnswerStore {
  readonly blobs: Pick<Blobs, "store" | "load">;
  readonly place: FilePlace;
}

/**
 * The writes that keep an answer. A long one is a file before that. While the file store does not answer, it stays in its
 * item: a call that was made is not to be made again for that. Only one that fits nowhere is not kept.
 */
export async function answerWrites(
  table: TenantTable,
  source: UsageSource,
  answer: unknown,
  { blobs, place }: AnswerStore,
  at: Date,
): Promise<Write[]> {
  const text = JSON.stringify(answer);
  const stored = await blobs.store(place, text).catch(() => undefined);
  if (stored === undefined && Buffer.byteLength(text) > MOST_INLINE_BYTES) return [];
  return [
    table.writes.put(modelAnswerItem, {
      source_kind: source.kind,
      source_id: source.id,
      call: source.call,
      answer: stored ?? { inline: text },
      expires_at: timestamp(addSeconds(at, KEPT_SECONDS)),
    }),
  ];
}

/** Whether an earlier attempt at the same work has got an answer. */
export async function hasAnswers(table: TenantTable, { kind, id }: Work): Promise<boolean> {
  const of = { source_kind: kind, source_id: id };
  return (await table.page(modelAnswerItem, { of, limit: 1 })).items.length > 0;
}

/** Where the answers are that earlier attempts at the same work have got, by call. */
export async function keptAnswers(table: TenantTable, { kind, id }: Work): Promise<ReadonlyMap<string, Blob>> {
  const kept = new Map<string, Blob>();
  for await (const { call, answer } of table.all(modelAnswerItem, { of: { source_kind: kind, source_id: id } }))
    kept.set(call, answer);
  return kept;
}
