import { timestamp } from "../../../shared/clock.ts";
import { entryLineOf } from "../exports/provable.ts";
import { EXPORT_VERSION, isOfClass, type Line, lineText } from "../exports/rules/lines.ts";
import type { Head } from "../tree/rules/head.ts";
import type { Leaf } from "../tree/store.ts";
import type { Part, Stored } from "./part.ts";
import { classOf, daysOfClass, type Keeps } from "./rules/classes.ts";
import { type PersonKey, sealedLine } from "./sealed.ts";

/** What the files of a part stand on, beside what is in it. */
export interface Setting {
  readonly organization_id: string;
  /** The head of what was before the part; null at the beginning. */
  readonly start: Head | null;
  /** The hashes of the complete subtrees before it, in base64. */
  readonly before: readonly string[];
  /** The public half of the key that signs heads, PEM. */
  readonly key: string;
  readonly at: Date;
  /** The key under which an entry has what is about a person; undefined where nothing may be kept of them. */
  readonly keyOf: (user_id: string, entry: Stored) => PersonKey | undefined;
}

export interface File {
  readonly kept_days: number;
  /** JSON Lines, as an export has them. */
  readonly text: string;
  readonly entries: readonly Stored[];
}

/** The files of a part: one for each class of which it has an entry, with all leaves of the part and the entries of its class. */
export function filesOf({ head, leaves }: Part, setting: Setting): File[] {
  const present = leaves.flatMap(({ entry }) => (entry === undefined ? [] : [entry]));
  const classes = new Map(present.map((entry) => [daysOfClass(classOf(entry)), classOf(entry)]));
  return [...classes].map(([kept_days, keeps]) => {
    const lines = leaves.map(({ leaf, entry }) => lineOf(leaf, entry, keeps, setting));
    return {
      kept_days,
      text: [headerOf(head, keeps, setting), ...lines].map(lineText).join(""),
      entries: present.filter(({ id, expires_at }) => isOfClass(id, expires_at, keeps)),
    };
  });
}

const headerOf = (head: Head, keeps: Keeps, { organization_id, start, before, key, at }: Setting): Line => ({
  line: "export",
  version: EXPORT_VERSION,
  organization_id,
  from: null,
  to: null,
  start,
  end: null,
  before: [...before],
  after: [],
  checkpoint: null,
  head,
  key,
  keeps: { ...keeps, at: timestamp(at) },
});

function lineOf(leaf: Leaf, entry: Stored | undefined, keeps: Keeps, { at, keyOf }: Setting): Line {
  const { sequence, audit_id: id, entry_expires_at: expires_at, evidence, hashes } = leaf;
  const leaf_hash = hashes[0] ?? "";
  const shown = isOfClass(id, expires_at, keeps);
  if (entry !== undefined && shown)
    return sealedLine(entryLineOf(entry, sequence, leaf_hash), (user_id) => keyOf(user_id, entry));
  const gone = expires_at <= timestamp(at) ? "expired" : "missing";
  return { line: "leaf", sequence, why: shown ? gone : "elsewhere", id, expires_at, evidence, leaf_hash };
}
