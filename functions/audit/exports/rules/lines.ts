import * as z from "zod";
import { timestampSchema } from "../../../../shared/http/schemas.ts";
import { idSchema, timeOfId } from "../../../../shared/ids.ts";
import { hashSchema, headSchema } from "../../tree/rules/head.ts";

/*
 * The lines of an export in JSON Lines. The first says which part of the tree follows and what is needed to make the root of
 * the head with it; then comes a line for each leaf of that part, in order, and here and there an earlier head.
 * Where that part begins and ends is proved by heads too.
 */

export const EXPORT_VERSION = 1;

/** An export may be at work for so long after its head was signed. */
export const LASTS_SECONDS = 3_600;

const hashes = z.array(hashSchema);
const strictHead = headSchema.strict();

export const exportLine = z.strictObject({
  line: z.literal("export"),
  version: z.literal(EXPORT_VERSION),
  organization_id: z.string(),
  from: timestampSchema.nullable(),
  to: timestampSchema.nullable(),
  /** The last head that is older than the range: the first leaf comes behind its own. Null where there is none. */
  start: strictHead.nullable(),
  /** The first head that has all that was numbered in time after the range. Null where the tree ends before it. */
  end: strictHead.nullable(),
  /** The complete subtrees before the first leaf, and those behind the last one. */
  before: hashes,
  after: hashes,
  /** Behind so many leaves of the tree comes the first checkpoint. */
  checkpoint: z.int().nullable(),
  /** Null where the organization has no tree yet. */
  head: strictHead.nullable(),
  /** The public half of the key that has signed the head, PEM. */
  key: z.string(),
  /**
   * Only of a copy, which is a part of the tree and says nothing of a range of time: it shows the entries that are kept for more
   * than `over` days and at most `up_to`. The others of that part stand in other copies. What was over `at` that time is not in it.
   */
  keeps: z.strictObject({ over: z.int(), up_to: z.int().nullable(), at: timestampSchema }).optional(),
});
export type ExportLine = z.output<typeof exportLine>;

/** The sequence of the first leaf, and that behind the last one. */
export const partOf = ({
  start,
  end,
  head,
}: Pick<ExportLine, "start" | "end" | "head">): { readonly first: number; readonly next: number } => ({
  first: start?.size ?? 0,
  next: (end ?? head)?.size ?? 0,
});

/** What beside an entry's parts its leaf is made of: nothing that could be another key, or no hash. */
const ofParts = (schema: z.ZodString) => z.strictObject({ actor: schema.optional(), subject: schema.optional() });

/** Exactly what `newSalts` makes. A key of another length has others that make the same of a part. */
const saltSchema = z.string().regex(/^[A-Za-z0-9_-]{21}[AQgw]$/);

/** An entry. What it says is looked at as it stands: whatever is changed in it makes another leaf. */
export const entryLine = z.strictObject({
  line: z.literal("entry"),
  /** Null behind the last leaf: for entries that have no number yet, and no proof. */
  sequence: z.int().min(0).nullable(),
  id: idSchema("audit"),
  organization_id: z.string(),
  occurred_at: z.string(),
  actor: z.unknown(),
  action: z.string(),
  resource: z.strictObject({ type: z.string(), id: z.string(), name: z.string().optional() }),
  outcome: z.string(),
  request: z.unknown(),
  changes: z.unknown(),
  reason: z.string().nullable(),
  expires_at: z.string(),
  salts: ofParts(saltSchema).optional(),
  erased: ofParts(hashSchema).optional(),
  /** Of a copy as it lies: parts in whose place stands the blank, encrypted under the key of the person whom they are about. */
  sealed: ofParts(z.string().max(2_000_000)).optional(),
  leaf_hash: hashSchema.nullable(),
});
export type EntryLine = z.output<typeof entryLine>;

/**
 * A leaf without its entry: that has come to its end, is outside the range of time, stands in the copy of another class, or is not
 * there though it should be.
 */
export const leafLine = z.strictObject({
  line: z.literal("leaf"),
  sequence: z.int().min(0),
  why: z.enum(["expired", "outside", "elsewhere", "missing"]),
  id: idSchema("audit"),
  expires_at: z.string(),
  evidence: hashSchema,
  leaf_hash: hashSchema,
});
export type LeafLine = z.output<typeof leafLine>;

/** A head of just the leaves up to here, and where the next one comes: what is wrong is between two of them. */
export const checkpointLine = z.strictObject({
  line: z.literal("checkpoint"),
  head: strictHead,
  checkpoint: z.int().nullable(),
});
export type CheckpointLine = z.output<typeof checkpointLine>;

export type Line = ExportLine | EntryLine | LeafLine | CheckpointLine;

export const lineText = (line: Line): string => `${JSON.stringify(line)}\n`;

const DAY_MS = 86_400_000;

/** Whether an entry is of the class of a copy, by its id and its end, which its leaf has too. Every export keeps all. */
export function isOfClass(
  id: string,
  expires_at: string,
  keeps: Pick<NonNullable<ExportLine["keeps"]>, "over" | "up_to"> | undefined,
): boolean {
  if (keeps === undefined) return true;
  const days = (Date.parse(expires_at) - timeOfId(id).getTime()) / DAY_MS;
  return days > keeps.over && (keeps.up_to === null || days <= keeps.up_to);
}

/** Whether what has this id happened in the range. */
export function isWithin(id: string, { from, to }: Pick<ExportLine, "from" | "to">): boolean {
  const time = timeOfId(id).getTime();
  return (from === null || time >= Date.parse(from)) && (to === null || time <= Date.parse(to));
}
