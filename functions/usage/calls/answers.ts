import * as z from "zod";
import { addSeconds, timestamp } from "../../../shared/clock.ts";
import { defineItem } from "../../../shared/dynamo/item.ts";
import type { TenantTable } from "../../../shared/dynamo/table.ts";
import type { Write } from "../../../shared/dynamo/write.ts";
import type { UsageSource } from "../store.ts";

/**
 * What a provider answered to a call of a run's step, written with the record of its usage. A task that is repeated after
 * a fault finds it and does not call again. Kept as long as a run may live, and a day.
 */
export const modelAnswerItem = defineItem({
  type: "model_answer",
  summary:
    "A provider's answer to a call of a run's step, for a repetition of the step after a fault; kept for two days.",
  schema: z.object({
    source_kind: z.string(),
    source_id: z.string(),
    call: z.string(),
    answer: z.string(),
    expires_at: z.string(),
  }),
  key: { pk: "USAGE_OF#{source_kind}#{source_id}", sk: "ANSWER#{call}" },
  expires: "expires_at",
});

const KEPT_SECONDS = 2 * 86_400;
/** A longer answer costs more to keep than to ask for again. */
export const MOST_ANSWER_BYTES = 100_000;

type Work = Omit<UsageSource, "call">;

/** The write that keeps an answer; none for one that is too long. */
export function answerWrites(table: TenantTable, source: UsageSource, answer: unknown, at: Date): Write[] {
  const text = JSON.stringify(answer);
  if (Buffer.byteLength(text) > MOST_ANSWER_BYTES) return [];
  return [
    table.writes.put(modelAnswerItem, {
      source_kind: source.kind,
      source_id: source.id,
      call: source.call,
      answer: text,
      expires_at: timestamp(addSeconds(at, KEPT_SECONDS)),
    }),
  ];
}

/** The answers that earlier attempts at the same work have got, by call. */
export async function keptAnswers(table: TenantTable, { kind, id }: Work): Promise<ReadonlyMap<string, unknown>> {
  const kept = new Map<string, unknown>();
  for await (const { call, answer } of table.all(modelAnswerItem, { of: { source_kind: kind, source_id: id } }))
    kept.set(call, JSON.parse(answer));
  return kept;
}
