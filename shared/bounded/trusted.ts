/*
 * Patterns, expressions and schemas of tenants are compiled when they are checked, which can cost more than everything
 * else about a value. What has been checked when it was stored need not be checked again each time that it is read.
 */

let trusting = 0;

/**
 * Runs a parse of something that was checked when it was stored: its shape is parsed, its patterns and schemas are not
 * compiled again. Synchronous, so nothing else runs in between.
 */
export function trusted<T>(parse: () => T): T {
  trusting++;
  try {
    return parse();
  } finally {
    trusting--;
  }
}

/** Asked by refinements that compile what they look at. */
export const isTrusted = (): boolean => trusting > 0;
