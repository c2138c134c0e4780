import * as z from "zod";

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

/** A short human name: trimmed, not empty, no control characters. */
export const nameSchema = z
  .string()
  .trim()
  .min(1)
  .max(limits.name)
  .regex(/^[^\p{Cc}]*$/u, "must not contain control characters");

export const descriptionSchema = z.string().max(limits.description);

export const emailSchema = z
  .string()
  .trim()
  .toLowerCase()
  .max(254)
  .pipe(z.email())
  .meta({ example: "ada@example.com" });

export const tagsSchema = z.array(z.string().trim().min(1).max(limits.tag)).max(limits.tags);

export const metadataSchema = z
  .record(z.string().min(1).max(64), z.string().max(limits.metadata_value))
  .refine(
    (value) => Object.keys(value).length <= limits.metadata_keys,
    `must have at most ${limits.metadata_keys} keys`,
  );

export const timestampSchema = z.iso.datetime({ offset: true }).meta({ example: "2026-01-31T12:00:00.000Z" });

/** `?limit=&cursor=` of every list. */
export const pageQuery = {
  limit: z.coerce.number().int().min(1).max(limits.page).default(50).meta({ description: "Items on a page." }),
  cursor: z.string().max(2_000).optional().meta({ description: "`next_cursor` of the page before." }),
};

/** `{items, next_cursor}` of every list. */
export const pageOf = <S extends z.ZodType>(item: S) =>
  z.object({ items: z.array(item), next_cursor: z.string().nullable() });
