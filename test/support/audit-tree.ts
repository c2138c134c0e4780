import { createHash, generateKeyPairSync, sign } from "node:crypto";
import {
  EXPORT_VERSION,
  type ExportLine,
  isWithin,
  type Line,
  lineText,
  partOf,
} from "../../functions/audit/exports/rules/lines.ts";
import { hashOf, type LeafData, leafDataOf } from "../../functions/audit/tree/rules/evidence.ts";
import { type Head, statementOf } from "../../functions/audit/tree/rules/head.ts";
import {
  added,
  type Hash,
  type Peak,
  type Range,
  rootOf,
  subtreesOf,
} from "../../functions/audit/tree/rules/merkle.ts";
import { EARLY_SECONDS, LATE_SECONDS } from "../../functions/audit/tree/rules/times.ts";
import { newSalts } from "../../shared/change/salts.ts";
import { addSeconds } from "../../shared/clock.ts";
import { newId } from "../../shared/ids.ts";
import type { SigningKey } from "../../shared/signing/kms.ts";
import { publicKeyOfDer } from "../../shared/signing/public-key.ts";

/** A key that signs like the deployment's, in memory. */
export function memoryKey() {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const known = publicKeyOfDer(publicKey.export({ format: "der", type: "spki" }));
  const signed = (statement: string) => ({
    sha256: createHash("sha256").update(statement).digest("hex"),
    signature: sign("sha256", Buffer.from(statement), privateKey).toString("base64"),
  });
  const key: SigningKey = { sign: async (statement) => signed(statement), public: async () => known };
  return { key, known, signed };
}

export const ORGANIZATION = "org_01JDQ4X0Z5V8W3N7K2M9R6T1BC";
export const FOUNDED = new Date("2026-01-01T00:00:00.000Z");

/** An entry as an export has it. */
export function someEntry(i: number, at = addSeconds(FOUNDED, i)) {
  return {
    id: newId("audit", at),
    organization_id: ORGANIZATION,
    occurred_at: at.toISOString(),
    actor: { type: "user" as const, id: `usr_${i % 7}` },
    action: "agent.updated",
    resource: { type: "agent", id: `agt_${i}`, ...(i % 3 === 0 ? { name: `Agent ${i}` } : {}) },
    outcome: "succeeded" as const,
    request:
      i % 5 === 0
        ? null
        : { id: `req_${i}`, method: "PATCH", path: `/agents/agt_${i}`, ip: "203.0.113.7", user_agent: "curl/8" },
    changes: i % 2 === 0 ? [] : [{ field: "name", old: "a", new: `Ägent ${i}` }],
    reason: null,
    expires_at: addSeconds(at, 86_400 * 400).toISOString(),
    salts: newSalts(),
  };
}

/** What tells one export from another: how it is made is the same for all. */
export interface Shape {
  readonly checkpoints?: readonly number[];
  readonly expired?: readonly number[];
  readonly keys?: ReturnType<typeof memoryKey>;
  /** Seconds between two entries. */
  readonly every?: number;
  /** When its head was signed; as a rule the day after the first entry. */
  readonly at?: Date;
  readonly range?: { readonly from?: Date; readonly to?: Date };
}

/** An export, as lines, made by the rules alone: each entry was numbered alone, five seconds after it was made. */
export function exportOf(
  count: number,
  {
    checkpoints = [],
    expired = [],
    keys = memoryKey(),
    every = 1,
    at = addSeconds(FOUNDED, 86_400),
    range = {},
  }: Shape = {},
) {
  const { known, signed } = keys;
  const headOf = (peaks: readonly Peak[], size: number): Head => {
    const said = {
      organization_id: ORGANIZATION,
      size,
      root_hash: rootOf(peaks).toString("base64"),
      signed_at: (size === count ? at : addSeconds(FOUNDED, (size - 1) * every + 5)).toISOString(),
      key_id: known.key_id,
    };
    return { ...said, signature: signed(statementOf(said)).signature };
  };
  const [from, to] = [range.from?.toISOString() ?? null, range.to?.toISOString() ?? null];
  const nextOf = (size: number) => checkpoints.find((one) => one > size) ?? null;
  const heads: Head[] = [headOf([], 0)];
  const trees: Peak[][] = [[]];
  const leaves: { readonly entry: ReturnType<typeof someEntry>; readonly data: LeafData; readonly hash: Hash }[] = [];
  for (let sequence = 0; sequence < count; sequence++) {
    const entry = someEntry(sequence, addSeconds(FOUNDED, sequence * every));
    const data = leafDataOf(entry);
    const hash = hashOf(data);
    const peaks = added(trees.at(-1) ?? [], { level: 0, hash }).peaks;
    leaves.push({ entry, data, hash });
    trees.push(peaks);
    heads.push(headOf(peaks, sequence + 1));
  }
  const isBefore = ({ signed_at }: Head, time: Date, seconds: number) =>
    Date.parse(signed_at) < addSeconds(time, seconds).getTime();
  const { from: since, to: until } = range;
  const start =
    since === undefined ? undefined : heads.slice(1).findLast((one) => isBefore(one, since, -EARLY_SECONDS));
  const end = until === undefined ? undefined : heads.slice(1).find((one) => !isBefore(one, until, LATE_SECONDS));
  /** The hashes of the subtrees of a part of the tree. */
  const hashesOf = (part: Range) =>
    subtreesOf(part).map(({ level, index }) => {
      const some = leaves.slice(index * 2 ** level, (index + 1) * 2 ** level);
      return rootOf(some.reduce<Peak[]>((peaks, { hash }) => added(peaks, { level: 0, hash }).peaks, [])).toString(
        "base64",
      );
    });
  /** The first line of an export of another part, as somebody may make it who has all lines. */
  const headerOf = (bounds: { readonly start: Head | null; readonly end: Head | null }): ExportLine => {
    const head = heads[count] ?? null;
    const { first, next } = partOf({ ...bounds, head });
    return {
      line: "export",
      version: EXPORT_VERSION,
      organization_id: ORGANIZATION,
      from,
      to,
      ...bounds,
      before: hashesOf({ from: 0, to: first }),
      after: hashesOf({ from: next, to: count }),
      checkpoint: nextOf(first),
      head,
      key: known.pem,
    };
  };
  const header = headerOf({ start: start ?? null, end: end ?? null });
  const { first, next } = partOf(header);
  const body = leaves.slice(first, next).flatMap(({ entry, data, hash }, i): Line[] => {
    const sequence = first + i;
    const leaf_hash = hash.toString("base64");
    const { organization_id: _, ...leaf } = data;
    const outside = !isWithin(entry.id, { from, to });
    const line: Line =
      outside || expired.includes(sequence)
        ? { line: "leaf", sequence, why: outside ? "outside" : "expired", ...leaf, leaf_hash }
        : { line: "entry", sequence, ...entry, leaf_hash };
    const head = checkpoints.includes(sequence + 1) ? heads[sequence + 1] : undefined;
    return head === undefined ? [line] : [line, { line: "checkpoint", head, checkpoint: nextOf(sequence + 1) }];
  });
  const textOf = (line: Line) => lineText(line).trimEnd();
  return {
    lines: [header, ...body].map(textOf),
    heads,
    keys,
    first,
    next,
    forgedHeader: (bounds: Parameters<typeof headerOf>[0]) => textOf(headerOf(bounds)),
  };
}
