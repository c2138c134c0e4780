import * as z from "zod";
import { environments } from "../environments.ts";
import { asciiDomain } from "../mail/address.ts";
import { canonicalZone } from "../zones.ts";

/** Shapes that many operations share. Sizes come from the domain's table of limits. */

export const limits = {
  request_bytes: 1_000_000,
  json_depth: 32,
  name: 120,
  description: 2_000,
  prompt: 100_000,
  tags: 50,
  tag: 64,
  metadata_keys: 50,
  metadata_value: 1_000,
  page: 100,
} as const;

/**
 * Signs that show nothing and change how what stands around them is shown: controls, line separators, and those that turn
 * the direction of writing, by which one name can be made to look like another.
 */
const INVISIBLE = /^[^\p{Cc}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]*$/u;
export const visibleText = (schema: z.ZodString): z.ZodString =>
  schema.regex(INVISIBLE, "must not contain control characters, nor signs that change the direction of text");

/** A short human name: trimmed, not empty, without invisible controls. */
export const nameSchema = visibleText(z.string().trim().min(1).max(limits.name));

export const environmentSchema = z.enum(environments).meta({ id: "Environment" });

export const descriptionSchema = z.string().max(limits.description);

/** A text as something that knows its kind writes it; refused where that knows nothing of it. */
export function canonicalText(most: number, write: (text: string) => string | undefined, message: string) {
  const written = (text: string): string | undefined => {
    try {
      return write(text);
    } catch {
      return undefined;
    }
  };
  return z
    .string()
    .max(most)
    .overwrite((text) => written(text) ?? text)
    .refine((text) => written(text) !== undefined, message);
}

/** A language, by its tag. */
export const languageSchema = canonicalText(
  35,
  (tag) => Intl.getCanonicalLocales(tag)[0],
  "must be a language tag of BCP 47, like en or pt-BR",
).meta({ example: "de" });

/** A time zone, by its name. */
export const timezoneSchema = canonicalText(
  64,
  canonicalZone,
  "must be a name of the IANA time zone database, like Europe/Berlin",
).meta({ example: "Europe/Berlin" });

/** An e-mail address, in lower case. A domain in another script is kept in its ASCII form, the one that mail uses. */
export const emailSchema = z
  .string()
  .trim()
  .toLowerCase()
  .max(254)
  .transform((address) => {
    const at = address.lastIndexOf("@");
    return at < 0 ? address : `${address.slice(0, at)}@${asciiDomain(address.slice(at + 1))}`;
  })
  .pipe(z.email().max(254))
  .meta({ example: "ada@example.com" });

export const tagsSchema = z.array(visibleText(z.string().trim().min(1).max(limits.tag))).max(limits.tags);

export const metadataSchema = z
  .record(z.string().min(1).max(64), z.string().max(limits.metadata_value))
  .refine(
    (value) => Object.keys(value).length <= limits.metadata_keys,
    `must have at most ${limits.metadata_keys} keys`,
  );

export const timestampSchema = z.iso.datetime({ offset: true }).meta({ example: "2026-01-31T12:00:00.000Z" });

/** A whole number in a query or a path, in plain decimal digits: no sign, no exponent, no leading zero. */
export const decimalInteger = (bounds: { readonly min: number; readonly max?: number }) =>
  z
    .string()
    .regex(/^(?:0|[1-9]\d{0,14})$/, "must be a whole number in decimal digits")
    .transform(Number)
    .pipe(bounds.max === undefined ? z.int().min(bounds.min) : z.int().min(bounds.min).max(bounds.max));

/** A flag in a query string, off unless told. */
export const flagQuery = z
  .enum(["true", "false"])
  .meta({ id: "QueryFlag" })
  .default("false")
  .transform((value) => value === "true");

/** `?limit=&cursor=` of every list. */
export const pageQuery = {
  limit: decimalInteger({ min: 1, max: limits.page }).default(50).meta({ description: "Items on a page." }),
  cursor: z
    .string()
    .min(1, "is empty: leave it out for the first page")
    .max(2_000)
    .optional()
    .meta({ description: "`next_cursor` of the page before." }),
};

/** `{items, next_cursor}` of every list; of `Agent` it is an `AgentPage`. */
export const pageOf = <S extends z.ZodType>(item: S) => {
  const page = z.object({ items: z.array(item), next_cursor: z.string().nullable() });
  const id = item.meta()?.id;
  return id === undefined ? page : page.meta({ id: `${id}Page` });
};
