import type * as z from "zod";
import { entryParts } from "../../../../shared/change/items.ts";
import type { PublicKey } from "../../../../shared/signing/public-key.ts";
import { hashOf, isBlank, leafDataOf } from "../../tree/rules/evidence.ts";
import { type Head, isHeadOf } from "../../tree/rules/head.ts";
import { added, type Hash, type Peak, rootOf, subtreesOf } from "../../tree/rules/merkle.ts";
import { EARLY_SECONDS, LATE_SECONDS } from "../../tree/rules/times.ts";
import {
  checkpointLine,
  type ExportLine,
  entryLine,
  exportLine,
  isOfClass,
  isWithin,
  LASTS_SECONDS,
  leafLine,
  partOf,
} from "./lines.ts";

/** What is wrong with an export, at which of its lines (from 1; 0 for the whole of it). */
export class BadExport extends Error {
  readonly line: number;
  constructor(line: number, why: string) {
    super(why);
    this.name = "BadExport";
    this.line = line;
  }
}

export interface Checking {
  /** Whose signature is believed. */
  readonly key: PublicKey;
  /** A head that a witness has kept: the export has to go on from it. */
  readonly earlier?: Head | undefined;
}

/** What an export that holds was found to have. */
export interface Found {
  readonly header: ExportLine;
  /** The sequence of the first leaf, and that behind the last one. */
  readonly first: number;
  readonly next: number;
  /** The range ends after the head was signed, or there is no head: nothing is said of what lies between. */
  readonly ahead: boolean;
  readonly entries: number;
  readonly expired: number;
  readonly outside: number;
  /** Entries of other classes, which stand in other copies. */
  readonly elsewhere: number;
  /** Parts of entries in whose place stands the blank, those that are encrypted beside it among them; and the line of the first. */
  readonly erased: number;
  readonly first_erased: number | null;
  readonly sealed: number;
  /** Entries behind the head, of which nothing is proved; and the line of the first. */
  readonly unproved: number;
  readonly first_unproved: number | null;
}

/** How `npm run audit:verify` ends for an export that holds: whether all of it is proved, and all of it is there. */
export function exitCodeOf({ ahead, unproved, erased }: Found): 0 | 3 | 4 {
  if (ahead || unproved > 0) return 3;
  return erased > 0 ? 4 : 0;
}

const timeOf = (text: string): number => Date.parse(text);

/**
 * Checks an export line by line, with nothing but the public key: that each entry is the one that stands in the tree, that
 * none is missing, added or in another place, and that the tree is the one whose head was signed.
 * @throws BadExport at the first line that is not as it was
 */
export class ExportCheck {
  readonly #checking: Checking;
  #line = 0;
  #header: ExportLine | undefined;
  #sequence = 0;
  #peaks: Peak[] = [];
  #sound = 1;
  #checkpoint: number | null = null;
  #next = 0;
  #counts = { entries: 0, expired: 0, outside: 0, elsewhere: 0, erased: 0, sealed: 0, unproved: 0 };
  #firstErased: number | null = null;
  #firstUnproved: number | null = null;

  constructor(checking: Checking) {
    this.#checking = checking;
  }

  /** The next line, without its end. */
  take(text: string): void {
    this.#line++;
    const said = this.#json(text);
    if (this.#header === undefined) this.#begin(said);
    else if (said.line === "entry") this.#entry(said);
    else if (said.line === "leaf") this.#leaf(said);
    else if (said.line === "checkpoint") this.#compare(said);
    else this.#refuse("is no line that an export has here");
  }

  /** After the last line. */
  end(): Found {
    const header = this.#header;
    if (header === undefined) throw new BadExport(0, "has no line");
    if (this.#checkpoint !== null) throw new BadExport(this.#line, "is the last line, and a head is due after it");
    if (this.#sequence < this.#next)
      throw new BadExport(this.#line, `is the last line, and ${this.#next - this.#sequence} more are missing after it`);
    const { head, to } = header;
    return {
      header,
      ...partOf(header),
      ahead: head === null || (to !== null && timeOf(to) > timeOf(head.signed_at)),
      ...this.#counts,
      first_erased: this.#firstErased,
      first_unproved: this.#firstUnproved,
    };
  }

  #refuse(why: string): never {
    throw new BadExport(this.#line, why);
  }

  #json(text: string): Record<string, unknown> {
    let said: unknown;
    try {
      said = JSON.parse(text);
    } catch {
      this.#refuse("is no JSON");
    }
    if (typeof said !== "object" || said === null || Array.isArray(said)) this.#refuse("is no JSON object");
    // Names that stand twice and other ways of writing the same would show another program something else.
    if (JSON.stringify(said) !== text) this.#refuse("is not written as an export writes it");
    return said as Record<string, unknown>;
  }

  #parse<S extends z.ZodType>(schema: S, said: unknown): z.output<S> {
    const parsed = schema.safeParse(said);
    if (parsed.success) return parsed.data;
    const [issue] = parsed.error.issues;
    return this.#refuse(`has a wrong ${issue?.path.join(".") || "field"}: ${issue?.message}`);
  }

  #begin(said: Record<string, unknown>): void {
    const header = this.#parse(exportLine, said);
    const { head, before, after } = header;
    const { first, next } = partOf(header);
    if (first > next || next > (head?.size ?? 0)) this.#refuse("names leaves that the head does not have");
    if (header.key !== this.#checking.key.pem) this.#refuse("names another key than the one that is believed");
    if (head !== null) {
      this.#signed(head, header.organization_id);
      this.#witnessed(head, { first, next });
    } else if (this.#checking.earlier !== undefined) this.#refuse("has no head, and you have one");
    this.#bounded(header);
    this.#peaks = this.#subtrees([], { from: 0, to: first }, before);
    if (subtreesOf({ from: next, to: head?.size ?? 0 }).length !== after.length)
      this.#refuse("has other hashes behind its last leaf than it takes");
    this.#header = header;
    [this.#sequence, this.#next] = [first, next];
    if (header.start !== null) this.#same(header.start);
    this.#due(header.checkpoint);
    this.#reached();
  }

  /** The part of the tree begins and ends where signed heads say that all of the range is between. */
  #bounded({ from, to, start, end, organization_id, keeps }: ExportLine): void {
    if (from !== null && to !== null && timeOf(from) > timeOf(to)) this.#refuse("begins after its end");
    for (const bound of [start, end]) if (bound !== null) this.#signed(bound, organization_id);
    // A copy says from which number to which it goes, and nothing of times.
    if (keeps !== undefined) {
      if (from !== null || to !== null) this.#refuse("is a copy, and names a range of time");
      return;
    }
    if (start !== null && !(from !== null && timeOf(start.signed_at) + EARLY_SECONDS * 1_000 <= timeOf(from)))
      this.#refuse(`leaves out the first ${start.size} entries, of which some may be of its time`);
    if (end !== null && !(to !== null && timeOf(end.signed_at) >= timeOf(to) + LATE_SECONDS * 1_000))
      this.#refuse(`leaves out the entries from ${end.size} on, of which some may be of its time`);
  }

  #signed(head: Head, organization_id: string): void {
    const { key } = this.#checking;
    if (head.organization_id !== organization_id) this.#refuse("has a head of another organization");
    if (head.key_id !== key.key_id) this.#refuse(`has a head signed by the key ${head.key_id}, not by ${key.key_id}`);
    if (!isHeadOf(key, head)) this.#refuse("has a head that this key has not signed");
  }

  #witnessed(head: Head, { first, next }: { readonly first: number; readonly next: number }): void {
    const { earlier, key } = this.#checking;
    if (earlier === undefined) return;
    if (!isHeadOf(key, earlier)) this.#refuse("cannot be compared: your head is not signed by this key");
    if (earlier.organization_id !== head.organization_id)
      this.#refuse("cannot be compared: your head is another organization's");
    if (earlier.size > head.size)
      this.#refuse(`is older than your head: it has ${head.size} entries, your head ${earlier.size}`);
    if (earlier.size < first || (earlier.size > next && earlier.size < head.size))
      this.#refuse(
        `cannot be compared: it has the entries ${first} to ${next - 1}, your head the first ${earlier.size}`,
      );
  }

  #subtrees(peaks: readonly Peak[], range: { from: number; to: number }, hashes: readonly string[]): Peak[] {
    const subtrees = subtreesOf(range);
    if (subtrees.length !== hashes.length) this.#refuse("has other hashes before its first leaf than it takes");
    return subtrees.reduce<Peak[]>(
      (all, { level }, i) => added(all, { level, hash: Buffer.from(hashes[i] ?? "", "base64") }).peaks,
      [...peaks],
    );
  }

  get #known(): ExportLine {
    return this.#header ?? this.#refuse("comes before the first line");
  }

  #place(sequence: number): void {
    const next = this.#next;
    if (this.#sequence === this.#checkpoint) this.#refuse("stands where a head is due");
    if (sequence === this.#sequence && sequence < next) return;
    this.#refuse(
      this.#sequence === next
        ? `has the number ${sequence}, and the last one was before it`
        : `has the number ${sequence} where ${this.#sequence} has its place`,
    );
  }

  #append(hash: Hash, said: string): void {
    if (hash.toString("base64") !== said) this.#refuse("does not say what stands in the tree for it");
    this.#peaks = added(this.#peaks, { level: 0, hash }).peaks;
    this.#sequence++;
    this.#reached();
  }

  #entry(line: Record<string, unknown>): void {
    const { line: _, sequence, leaf_hash, sealed, ...entry } = this.#parse(entryLine, line);
    const header = this.#known;
    if (sealed !== undefined && header.keeps === undefined)
      this.#refuse("has encrypted parts, as only a copy has them");
    if (entry.organization_id !== header.organization_id) this.#refuse("is another organization's");
    for (const part of entryParts) {
      if (sealed?.[part] !== undefined) this.#counts.sealed++;
      if (entry.erased?.[part] === undefined) {
        if (sealed?.[part] !== undefined) this.#refuse(`shows its ${part} and has it encrypted, too`);
        continue;
      }
      if (!isBlank(entry, part) || entry.salts?.[part] !== undefined)
        this.#refuse(`says something in the place of its ${part}, which was erased`);
      this.#firstErased ??= this.#line;
      this.#counts.erased++;
    }
    if (!isWithin(entry.id, header)) this.#refuse("is outside the time of the export");
    if (!isOfClass(entry.id, entry.expires_at, header.keeps)) this.#refuse("is of another class than the copy's");
    if (sequence === null || leaf_hash === null) {
      if (sequence !== leaf_hash || this.#sequence < this.#next) this.#refuse("has no number where one is due");
      this.#firstUnproved ??= this.#line;
      this.#counts.unproved++;
      return;
    }
    this.#place(sequence);
    this.#counts.entries++;
    this.#append(hashOf(leafDataOf(entry)), leaf_hash);
  }

  #leaf(line: Record<string, unknown>): void {
    const { sequence, why, leaf_hash, ...data } = this.#parse(leafLine, line);
    const header = this.#known;
    this.#place(sequence);
    if (why === "missing") this.#refuse(`says that the entry ${data.id} is missing before its end, ${data.expires_at}`);
    // By the time of the head, not by today's: what an old export has left out must have been over when it was made. A copy may
    // be made long after its head.
    const { head, keeps } = header;
    const made = keeps === undefined ? head && timeOf(head.signed_at) + LASTS_SECONDS * 1_000 : timeOf(keeps.at);
    const over = made !== null && timeOf(data.expires_at) <= made;
    if (why === "expired" && !over) this.#refuse(`leaves out an entry before its end, ${data.expires_at}`);
    if (why === "elsewhere" && isOfClass(data.id, data.expires_at, header.keeps))
      this.#refuse("leaves out an entry of the copy's class");
    if (why === "outside" && isWithin(data.id, header)) this.#refuse("leaves out an entry of the export's time");
    this.#counts[why]++;
    this.#append(hashOf({ ...data, organization_id: header.organization_id }), leaf_hash);
  }

  #compare(line: Record<string, unknown>): void {
    const { head, checkpoint } = this.#parse(checkpointLine, line);
    this.#signed(head, this.#known.organization_id);
    if (head.size !== this.#sequence || head.size !== this.#checkpoint)
      this.#refuse(`has a head of ${head.size} entries behind ${this.#sequence}`);
    this.#same(head);
    this.#due(checkpoint);
  }

  #due(checkpoint: number | null): void {
    if (checkpoint !== null && (checkpoint <= this.#sequence || checkpoint > this.#next))
      this.#refuse("promises a head where none can be");
    this.#checkpoint = checkpoint;
  }

  #same(head: Head, root: Hash = rootOf(this.#peaks)): void {
    if (root.toString("base64") !== head.root_hash)
      this.#refuse(`ends lines that make another tree than was signed: one from line ${this.#sound} on was changed`);
    this.#sound = this.#line + 1;
  }

  /** What is known at a number: the witness's head, and behind the last leaf the head of all. */
  #reached(): void {
    const { head, end, after } = this.#known;
    const next = this.#next;
    const { earlier } = this.#checking;
    const root = () => rootOf(this.#peaks).toString("base64");
    if (earlier?.size === this.#sequence && root() !== earlier.root_hash)
      this.#refuse(`shows a fork: the tree of the first ${earlier.size} entries is not that of your head`);
    if (this.#sequence !== next || head === null) return;
    if (end !== null) this.#same(end);
    const whole = this.#subtrees(this.#peaks, { from: next, to: head.size }, after);
    this.#same(head, rootOf(whole));
    if (earlier?.size === head.size && rootOf(whole).toString("base64") !== earlier.root_hash)
      this.#refuse("shows a fork: its head is not yours, and has as many entries");
  }
}
