/**
 * Whether a JSON value is so small that working on it cannot take long: at most this many characters of text, names
 * included, with eight for each member. Stops as soon as it is more.
 */
export function isSmall(value: unknown, characters: number): boolean {
  let left = characters;
  const waiting: unknown[] = [value];
  while (waiting.length > 0 && left >= 0) {
    const next = waiting.pop();
    left -= 8;
    if (typeof next === "string") left -= next.length;
    else if (Array.isArray(next)) {
      left -= 8 * next.length;
      if (left >= 0) waiting.push(...next);
    } else if (typeof next === "object" && next !== null) {
      for (const [name, member] of Object.entries(next)) {
        left -= name.length;
        waiting.push(member);
        if (left < 0) return false;
      }
    }
  }
  return left >= 0;
}
