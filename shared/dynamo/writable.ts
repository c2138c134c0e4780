import type { Write } from "./write.ts";

/** A function writes an item of a type that its room does not declare for it (`writes` in `room.ts`). Nothing was sent. */
export class UndeclaredWrite extends Error {
  constructor(type: string) {
    super(`this function does not declare that it writes ${type}: see its room's room.ts`);
    this.name = "UndeclaredWrite";
  }
}

/** Types of the items that may be written, single attributes of others (`session.last_seen_at`), or undefined where everything may: in tools and tests, never in a function. */
export type Writable = ReadonlySet<string> | undefined;

/** What infra has written into a function's settings, from what its room declares. */
export const writableOf = (setting: string | undefined): Writable =>
  setting === undefined ? undefined : new Set(setting.split(",").filter((type) => type !== ""));

/**
 * Refuses what the function's role would refuse on AWS, by the same list: no local AWS looks at keys of the table.
 * Checks write nothing.
 * @throws UndeclaredWrite
 */
export function requireWritable(writable: Writable, writes: readonly Write[]): void {
  if (writable === undefined) return;
  for (const { type, item } of writes) {
    if (item.ConditionCheck !== undefined || writable.has(type)) continue;
    // That there is the item, a role may always ask of its key.
    const attributes = Object.values(item.Update?.ExpressionAttributeNames ?? {}).filter((name) => name !== "pk");
    if (attributes.length === 0 || !attributes.every((name) => writable.has(`${type}.${name}`)))
      throw new UndeclaredWrite(type);
  }
}
