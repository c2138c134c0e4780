import { createHmac } from "node:crypto";
import type { EntryPart } from "../../../../shared/change/items.ts";
import { canonicalJson } from "../../../../shared/expressions/json.ts";
import { type Hash, leafHash, sha256 } from "./merkle.ts";

/**
 * How an entry becomes a leaf. The number stands in each leaf, so that another way can come for later ones:
 * what has been signed is never made anew.
 */
export const LEAF_FORMAT = 1;

/** Something of some parts of an entry. */
type OfParts = { readonly [P in EntryPart]?: string | undefined };

/** What the leaf of an entry is made of: of an entry that is stored, or of one that somebody shows. */
export interface Evidence {
  readonly id: string;
  readonly organization_id: string;
  readonly occurred_at: string;
  readonly actor: unknown;
  readonly action: string;
  readonly resource: { readonly type: string; readonly id: string; readonly name?: string | undefined };
  readonly outcome: string;
  readonly request: unknown;
  readonly changes: unknown;
  readonly reason: string | null;
  readonly salts?: OfParts | undefined;
  /** The commitments to parts that are erased, in whose place stands {@link ERASED}. */
  readonly erased?: OfParts | undefined;
  readonly expires_at: string;
}

/** What a leaf says of its entry when the entry is not shown: no person and nothing that happened. */
export interface LeafData {
  readonly id: string;
  readonly organization_id: string;
  readonly expires_at: string;
  /** The hash of what the entry says, in base64. */
  readonly evidence: string;
}

/**
 * A commitment to a part of an entry: whoever has the part and its salt can check it, and nobody can guess a part from
 * it. Once part and salt are gone it stands for them, and says nothing.
 */
const commitment = (salt: string, part: unknown): string =>
  createHmac("sha256", salt).update(canonicalJson(part)).digest("base64");

/** The parts of an entry, as they are committed to. */
function partsOf({ actor, request, resource, changes, reason }: Evidence): Record<EntryPart, object> {
  const { type: _, ...named } = resource;
  return { actor: { actor, request }, subject: { resource: named, changes, reason } };
}

/** What stands in an entry where a part was erased: the same in all. The type of what it was about stays. */
export const ERASED = {
  actor: { actor: { type: "user", id: "erased" }, request: null },
  subject: { resource: { id: "erased" }, changes: [], reason: null },
} as const satisfies Record<EntryPart, object>;

/** Whether nothing but what says so stands in the place of a part that is erased. */
export const isBlank = (entry: Evidence, part: EntryPart): boolean =>
  canonicalJson(partsOf(entry)[part]) === canonicalJson(ERASED[part]);

/** What becomes of an entry when a part goes: the blank in its place, its salt gone, and its commitment kept for the leaf. */
export function blanked<E extends Evidence>(entry: E, part: EntryPart) {
  const { [part]: _, ...salts } = entry.salts ?? {};
  const stands = { salts, erased: { ...entry.erased, [part]: commitmentsOf(entry)[part] } };
  if (part === "actor") return { ...ERASED.actor, ...stands };
  const { resource, changes, reason } = ERASED.subject;
  return { resource: { type: entry.resource.type, ...resource }, changes: [...changes], reason, ...stands };
}

/** What stands for each part in the hash of an entry: its commitment, also after the part is gone. */
export function commitmentsOf(entry: Evidence): Record<EntryPart, string> {
  const { salts, erased } = entry;
  const parts = partsOf(entry);
  const of = (part: EntryPart) => erased?.[part] ?? commitment(salts?.[part] ?? "", parts[part]);
  return { actor: of("actor"), subject: of("subject") };
}

/** The hash of what an entry says. Who did it from where, and what it was about, stand in it as commitments. */
export function evidenceOf(entry: Evidence): string {
  const said = {
    action: entry.action,
    outcome: entry.outcome,
    occurred_at: entry.occurred_at,
    resource_type: entry.resource.type,
    ...commitmentsOf(entry),
  };
  return sha256(Buffer.from(canonicalJson(said))).toString("base64");
}

/** What the leaf of an entry says. */
export const leafDataOf = (entry: Evidence): LeafData => ({
  id: entry.id,
  organization_id: entry.organization_id,
  expires_at: entry.expires_at,
  evidence: evidenceOf(entry),
});

/** The hash that stands in the tree. */
export const hashOf = ({ id, organization_id, expires_at, evidence }: LeafData): Hash =>
  leafHash(Buffer.from(canonicalJson({ format: LEAF_FORMAT, id, organization_id, expires_at, evidence })));
