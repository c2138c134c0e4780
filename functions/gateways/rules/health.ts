/** What one check has found; also what a gateway is, once enough of them agree. */
export const results = ["healthy", "degraded", "unhealthy"] as const;
export type Result = (typeof results)[number];

/** `unknown`: nothing is known of it yet, or nobody looks. */
export const healths = ["unknown", ...results] as const;
export type Health = (typeof healths)[number];

/** So many of the last results have to agree. */
export const NEEDED = 3;
export const OF_LAST = 5;

/** What a gateway is taken for, and the last results since it has been that: five at most, newest last. */
export interface Standing {
  readonly health: Health;
  readonly recent: readonly Result[];
}

/** One of which nothing is known. */
export const UNSEEN: Standing = { health: "unknown", recent: [] };

/**
 * What a gateway is after one more result. It becomes what three of the last five results say since it last became something:
 * one result that is odd changes nothing, three in a row always do, and between two changes there are three results at least. The
 * results before a change do not count after it, or a gateway that is well every other time would change with each check.
 */
export function after({ health, recent }: Standing, result: Result): Standing {
  const last = [...recent, result].slice(-OF_LAST);
  const agree = last.filter((one) => one === result).length;
  return result === health || agree < NEEDED ? { health, recent: last } : { health: result, recent: [] };
}
