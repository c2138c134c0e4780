import { isBuiltInRole } from "../../../../shared/access/roles.ts";
import { decodeCursor, encodeCursor, queryFingerprint } from "../../../../shared/dynamo/cursor.ts";

/** Where a list goes on that is made of one list for each role: at a role, and within it. */
interface Place {
  readonly role: string;
  /** Of the role's own list; at its beginning where there is none. */
  readonly cursor: string | undefined;
}

export function readPlace(list: readonly string[], cursor: string | undefined): Place | undefined {
  if (cursor === undefined) return undefined;
  const { role = "", within } = decodeCursor(queryFingerprint(list), cursor);
  return { role, cursor: within };
}

export const writePlace = (list: readonly string[], { role, cursor }: Place): string =>
  encodeCursor(queryFingerprint(list), { role, ...(cursor === undefined ? {} : { within: cursor }) });

/**
 * The roles from this one on, in the order of all: the built-in ones first, then those of the organization's own as they were made. One
 * that is gone, or grants it no more, is gone on after.
 */
export function afterRole<T extends { readonly role: string }>(roles: readonly T[], at: string): readonly T[] {
  const here = roles.findIndex(({ role }) => role === at);
  if (here >= 0) return roles.slice(here);
  return roles.filter(({ role }) => !isBuiltInRole(role) && role > at);
}
