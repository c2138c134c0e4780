import { isObject } from "./attributes.ts";

const isPrimary = (element: unknown): boolean => isObject(element) && element.primary === true;

/**
 * A list with one preferred element at most (RFC 7643, 2.4; RFC 7644, 3.5.2): one that became it takes it from the one
 * that was; of several that came at once the first stays.
 */
export function onePrimary(list: readonly unknown[], before: readonly unknown[] = []): readonly unknown[] {
  const all = list.filter(isPrimary);
  if (all.length < 2) return list;
  const was = new Set(before);
  const kept = all.find((element) => !was.has(element)) ?? all[0];
  return list.map((element) =>
    isPrimary(element) && element !== kept ? { ...Object(element), primary: false } : element,
  );
}
