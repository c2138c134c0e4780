import * as z from "zod";
import { principalSchema } from "../../shared/access/principal.ts";
import { timestamp } from "../../shared/clock.ts";
import { defineItem, type ItemOf } from "../../shared/dynamo/item.ts";
import type { TenantTable } from "../../shared/dynamo/table.ts";
import type { Write } from "../../shared/dynamo/write.ts";
import { Problem } from "../../shared/errors.ts";
import { idSchema } from "../../shared/ids.ts";

/**
 * What a usage record is about: one call to a provider, of an attempt of a run's step, of a direct execution of an
 * agent, of the indexing of an agent's contexts, or of a call that the data plane served. Calls of one work are numbered from 1.
 */
export const usageSourceSchema = z.object({
  kind: z.enum(["run_step", "execute", "index", "serve"]),
  id: z.string().min(1).max(400),
  call: z.string().min(1).max(60),
});
export type UsageSource = z.output<typeof usageSourceSchema>;

/**
 * One metered fact. Its key is its source, so the same call cannot be recorded twice however often it is retried.
 * Records are kept: billing reads them.
 */
export const usageItem = defineItem({
  type: "usage_record",
  summary: "Tokens and cost of one call to a provider, written when it ends; keyed by the work and the call.",
  schema: z.object({
    id: idSchema("usage"),
    organization_id: z.string(),
    source_kind: usageSourceSchema.shape.kind,
    source_id: usageSourceSchema.shape.id,
    call: usageSourceSchema.shape.call,
    occurred_at: z.string(),
    day: z.string(),
    model: z.string(),
    provider: z.string(),
    tokens_in: z.int().min(0),
    tokens_out: z.int().min(0),
    /** Of `tokens_in`: what came from the provider's cache, and what went there. */
    tokens_cache_read: z.int().min(0).optional(),
    tokens_cache_write: z.int().min(0).optional(),
    /** The provider did not count, or not in whole numbers from 0 on; the tokens are estimated from the texts' length. */
    estimated: z.boolean(),
    cost_usd_micros: z.int().min(0),
    price_version: z.string(),
    agent_id: z.string().nullable(),
    agent_version: z.int().nullable(),
    run_id: z.string().nullable(),
    actor: principalSchema,
  }),
  key: { pk: "USAGE_OF#{source_kind}#{source_id}", sk: "USAGE#{call}" },
  indexes: {
    gsi1: { pk: "USAGE_DAY#{day}", sk: "{id}" },
    gsi2: { pk: "USAGE_AGENT#{agent_id}", sk: "{id}" },
    gsi3: { pk: "USAGE_MODEL#{model}", sk: "{id}" },
  },
});
export type UsageRecord = ItemOf<typeof usageItem>;

/**
 * Shards of a month's counter. One item takes 500 transactional writes a second (each costs two units of 1,000), so
 * the ceiling is 4,000 metered facts a second for one organization; colliding transactions are tried again.
 */
export const USAGE_SHARDS = 8;

export const usageCounterItem = defineItem({
  type: "usage_counter",
  summary: "Sums of a month's usage records, in 8 shards that are added up when read.",
  schema: z.object({
    month: z.string(),
    shard: z.int(),
    records: z.int(),
    tokens_in: z.int(),
    tokens_out: z.int(),
    cost_usd_micros: z.int(),
  }),
  key: { pk: "USAGE_MONTH#{month}", sk: "{shard}" },
});

/** The shard is chosen by the source, so a retried transaction meets the same item. */
function shardOf(source: UsageSource): number {
  let sum = 0;
  for (const letter of `${source.kind}#${source.id}#${source.call}`)
    sum = (sum * 31 + (letter.codePointAt(0) ?? 0)) % 1_000_003;
  return sum % USAGE_SHARDS;
}

export type Usage = Omit<
  UsageRecord,
  "organization_id" | "source_kind" | "source_id" | "call" | "occurred_at" | "day" | "actor"
> & { readonly source: UsageSource };

/** This source has been recorded; `id` is the record's. */
export class UsageRecorded extends Problem {
  readonly id: string | undefined;
  constructor(id: string | undefined) {
    super("conflict", "This usage has already been recorded.");
    this.id = id;
  }
}

/**
 * The writes that record one metered fact and add it to the month: 2 items. They refuse with `UsageRecorded` when this
 * source was recorded before.
 */
export function usageWrites(
  table: TenantTable,
  context: { readonly at: Date; readonly actor: UsageRecord["actor"] },
  { source, ...usage }: Usage,
): Write[] {
  const occurred_at = timestamp(context.at);
  const month = occurred_at.slice(0, 7);
  const shard = shardOf(source);
  const { tokens_in, tokens_out, cost_usd_micros } = usage;
  const record = {
    ...usage,
    organization_id: table.tenant,
    source_kind: source.kind,
    source_id: source.id,
    call: source.call,
    occurred_at,
    day: occurred_at.slice(0, 10),
    actor: context.actor,
  };
  return [
    table.writes.create(usageItem, record, (old) => new UsageRecorded(old?.id)),
    table.writes.update(
      usageCounterItem,
      { month, shard },
      { set: { month, shard }, add: { records: 1, tokens_in, tokens_out, cost_usd_micros } },
      {},
    ),
  ];
}

export interface UsageTotals {
  readonly records: number;
  readonly tokens_in: number;
  readonly tokens_out: number;
  readonly cost_usd_micros: number;
}

/** The sums of a month (`2026-11`), strongly consistent: one query over 8 small items. */
export async function monthUsage(table: TenantTable, month: string): Promise<UsageTotals> {
  const totals = { records: 0, tokens_in: 0, tokens_out: 0, cost_usd_micros: 0 };
  for await (const shard of table.all(usageCounterItem, { of: { month } })) {
    totals.records += shard.records;
    totals.tokens_in += shard.tokens_in;
    totals.tokens_out += shard.tokens_out;
    totals.cost_usd_micros += shard.cost_usd_micros;
  }
  return totals;
}
