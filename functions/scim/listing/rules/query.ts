import * as z from "zod";
import { type AttributePath, type Filter, parsePath } from "../../rules/grammar.ts";
import { MOST_RESULTS } from "../../rules/schemas.ts";

const text = z.string().max(2_000).optional();
const wholeNumber = z
  .string()
  .regex(/^-?\d{1,15}$/, "must be a whole number")
  .transform(Number)
  .optional();

/** What a client wants to see of what it gets. */
export const wantedQuery = z.looseObject({ attributes: text, excludedAttributes: text });

/** The parameters of a list (RFC 7644, 3.4.2), and others, which are passed over. */
export const listQuery = z.looseObject({
  attributes: text,
  excludedAttributes: text,
  filter: text,
  sortBy: text,
  sortOrder: text,
  startIndex: wholeNumber,
  count: wholeNumber,
});

const names = z
  .union([
    z.string().max(2_000),
    z
      .array(z.string().max(256))
      .max(50)
      .transform((list) => list.join(",")),
  ])
  .optional();

/** The same as the message of a search by POST (3.4.3). */
export const searchBody = z.looseObject({
  attributes: names,
  excludedAttributes: names,
  filter: text,
  sortBy: text,
  sortOrder: text,
  startIndex: z.int().optional(),
  count: z.int().optional(),
});

export interface ListQuery {
  readonly attributes?: string | undefined;
  readonly excludedAttributes?: string | undefined;
  readonly filter?: string | undefined;
  readonly sortBy?: string | undefined;
  readonly sortOrder?: string | undefined;
  readonly startIndex?: number | undefined;
  readonly count?: number | undefined;
}

/** Which part of a list is wanted: from 1, and at most so many (RFC 7644, 3.4.2.4). */
export const partOf = ({ startIndex = 1, count = MOST_RESULTS }: ListQuery) => ({
  start: Math.max(1, startIndex),
  count: Math.min(MOST_RESULTS, Math.max(0, count)),
});

/** The filters of which each holds where the whole does. */
export const conjuncts = (filter: Filter): readonly Filter[] =>
  filter.kind === "and" ? filter.parts.flatMap(conjuncts) : [filter];

const pathsOf = (filter: Filter): readonly AttributePath[] => {
  if ("parts" in filter) return filter.parts.flatMap(pathsOf);
  return "part" in filter ? pathsOf(filter.part) : [filter.path];
};

/** Whether a filter, or an order, asks for an attribute of the resource. */
export const asksFor = (filter: Filter | undefined, attribute: string, sortBy?: string): boolean =>
  [...(filter === undefined ? [] : pathsOf(filter)), ...(sortBy === undefined ? [] : [parsePath(sortBy)])].some(
    ({ name, schema }) => schema === undefined && name.toLowerCase() === attribute,
  );
