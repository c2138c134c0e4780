import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import * as z from "zod";
import { principalSchema } from "../../../shared/access/principal.ts";
import { fieldChangeSchema } from "../../../shared/change/events.ts";
import { auditEntrySchema, type EntryPart, entryParts, requestFactsSchema } from "../../../shared/change/items.ts";
import type { EntryLine } from "../exports/rules/lines.ts";
import { ABOUT_PERSONS } from "../persons/model.ts";
import { blanked } from "../tree/rules/evidence.ts";

/** A person's key in clear, with the name by which a copy knows it: who has the copy alone cannot tell whose it is. */
export interface PersonKey {
  readonly key_id: string;
  /** 32 bytes. */
  readonly key: Uint8Array;
}

type Part = Pick<EntryLine, "actor" | "resource">;

/** The persons whom the parts of an entry are about: who did it, and what it was about where that is a person. */
export function personsOf({ actor, resource: { type, id } }: Part): Partial<Record<EntryPart, string>> {
  const who = principalSchema.safeParse(actor).data;
  return {
    ...(who?.type === "user" && who.id !== "erased" ? { actor: who.id } : {}),
    ...(ABOUT_PERSONS.some((one) => one === type) && id !== "erased" ? { subject: id } : {}),
  };
}

const salt = z.string().optional();

/** What is encrypted of a part: all that its commitment is made of. */
const partSchemas = {
  actor: z.object({ actor: principalSchema, request: requestFactsSchema.nullable(), salt }),
  subject: z.object({
    resource: auditEntrySchema.shape.resource,
    changes: z.array(fieldChangeSchema),
    reason: z.string().nullable(),
    salt,
  }),
} as const satisfies Record<EntryPart, z.ZodType>;

const partOf = {
  actor: ({ actor, request, salts }: EntryLine) => ({ actor, request, salt: salts?.actor }),
  subject: ({ resource, changes, reason, salts }: EntryLine) => ({ resource, changes, reason, salt: salts?.subject }),
} as const satisfies Record<EntryPart, (line: EntryLine) => object>;

const ALGORITHM = "aes-256-gcm";
const IV_BYTES = 12;
const TAG_BYTES = 16;

/** Where a part belongs: moved to another place it does not open. */
const placeOf = ({ organization_id, id }: EntryLine, part: EntryPart): Buffer =>
  Buffer.from(`${organization_id}/${id}/${part}`);

/** `<key id>.<base64url of IV, cipher text and tag>`. */
function encrypt(text: string, { key_id, key }: PersonKey, place: Buffer): string {
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv(ALGORITHM, key, iv, { authTagLength: TAG_BYTES }).setAAD(place);
  const sealed = Buffer.concat([iv, cipher.update(text, "utf8"), cipher.final(), cipher.getAuthTag()]);
  return `${key_id}.${sealed.toString("base64url")}`;
}

function decrypt(sealed: string, { key }: PersonKey, place: Buffer): string {
  const bytes = Buffer.from(sealed.slice(sealed.indexOf(".") + 1), "base64url");
  const decipher = createDecipheriv(ALGORITHM, key, bytes.subarray(0, IV_BYTES), { authTagLength: TAG_BYTES })
    .setAAD(place)
    .setAuthTag(bytes.subarray(-TAG_BYTES));
  return Buffer.concat([decipher.update(bytes.subarray(IV_BYTES, -TAG_BYTES)), decipher.final()]).toString("utf8");
}

/** The names of the keys that open parts of this entry. */
export const keyIdsOf = ({ sealed }: EntryLine): string[] =>
  Object.values(sealed ?? {}).flatMap((text) => (text === undefined ? [] : [text.slice(0, text.indexOf("."))]));

/**
 * An entry for a copy: a part about a person is encrypted under that person's key, with the blank in its place and the commitment
 * beside it, so that it is proved whether it opens or not. Once the key is gone it says nothing.
 * @param keyOf the key of a person; undefined where nothing may be kept of them
 */
export function sealedLine(line: EntryLine, keyOf: (user_id: string) => PersonKey | undefined): EntryLine {
  const persons = personsOf(line);
  let copy = line;
  for (const part of entryParts) {
    const person = persons[part];
    if (person === undefined) continue;
    const key = keyOf(person);
    copy = { ...copy, ...blanked(copy, part) };
    if (key === undefined) continue;
    const text = encrypt(JSON.stringify(partOf[part](line)), key, placeOf(line, part));
    copy = { ...copy, sealed: { ...copy.sealed, [part]: text } };
  }
  return copy;
}

/** The same entry with whatever of it opens, as an export has it; the rest stays blank, as of a person who was erased. */
export function openedLine(
  { sealed, ...line }: EntryLine,
  keyOf: (key_id: string) => PersonKey | undefined,
): EntryLine {
  let opened: EntryLine = line;
  for (const part of entryParts) {
    const text = sealed?.[part];
    const key = text === undefined ? undefined : keyOf(text.slice(0, text.indexOf(".")));
    if (text === undefined || key === undefined) continue;
    const { salt: own, ...said } = partSchemas[part].parse(JSON.parse(decrypt(text, key, placeOf(line, part))));
    const { [part]: _, ...erased } = opened.erased ?? {};
    opened = { ...opened, ...said, erased, ...(own === undefined ? {} : { salts: { ...opened.salts, [part]: own } }) };
  }
  return opened;
}
