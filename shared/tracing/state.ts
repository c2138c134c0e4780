/** Of a `tracestate` so much is passed on; the standard asks for 512 characters at least, and takes 32 members at most. */
const MOST_MEMBERS = 32;
const MOST_CHARACTERS = 512;
/** Members that are longer are left out first. */
const LONG_MEMBER = 128;

const simpleKey = /^[a-z][a-z0-9_\-*/]{0,255}$/;
const tenantKey = /^[a-z0-9][a-z0-9_\-*/]{0,240}@[a-z][a-z0-9_\-*/]{0,13}$/;
const value = /^[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]$/;

/**
 * A `tracestate` as it may be passed on; null where there is none, or where a part of it cannot be read: then the
 * standard says that all of it is dropped, and the trace goes on without.
 */
export function readMembers(header: string | undefined): string | null {
  const members = (header ?? "")
    .split(",")
    .map((member) => member.replace(/^[ \t]+|[ \t]+$/g, ""))
    .filter((member) => member !== "");
  if (members.length === 0 || members.length > MOST_MEMBERS || !members.every(isMember)) return null;
  const keys = members.map((member) => member.slice(0, member.indexOf("=")));
  if (new Set(keys).size < keys.length) return null;
  return within(members);
}

function isMember(member: string): boolean {
  const at = member.indexOf("=");
  const key = member.slice(0, at);
  return at > 0 && (simpleKey.test(key) || tenantKey.test(key)) && value.test(member.slice(at + 1));
}

/** Whole members only: the long ones go first, then those at the end, which are the oldest. */
function within(members: readonly string[]): string | null {
  const fits = (kept: readonly string[]): boolean => kept.join(",").length <= MOST_CHARACTERS;
  let kept = [...members];
  while (!fits(kept)) {
    const long = kept.findLastIndex(({ length }) => length > LONG_MEMBER);
    kept = kept.filter((_, index) => index !== (long === -1 ? kept.length - 1 : long));
  }
  return kept.length === 0 ? null : kept.join(",");
}
