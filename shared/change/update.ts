import { lostRace } from "../dynamo/write.ts";
import { Problem } from "../errors.ts";

/** What a caller's `If-Match` names: any state of the resource, or one that has one of these entity tags. */
export type IfMatch = "*" | readonly string[] | undefined;

/**
 * Reads an `If-Match` header. Weak tags count as what they name: a proxy that compresses answers makes strong tags weak,
 * and ours change with every write. A tag without quotes is taken too.
 */
export function readIfMatch(header: string | undefined): IfMatch {
  if (header === undefined || header.trim() === "*") return header === undefined ? undefined : "*";
  return [...header.matchAll(/"([^"]*)"|[^\s,"]+/g)].flatMap(([tag, quoted]) => (tag === "W/" ? [] : [quoted ?? tag]));
}

/** How often an update without If-Match is tried when others change the same thing at the same time. */
const TRIES = 8;

/**
 * Runs a read-merge-replace of one resource. Without `If-Match` the caller asked for no order: when another request
 * came between the read and the write, it is read and merged again. With `If-Match` the lost race is the answer (412).
 * @param attempt reads, merges and commits; is run anew after each lost race, `fresh` then, and passes that to `call.load`
 * @param own which lost races a new attempt reads anew for; another is somebody else's to decide, and is passed on
 */
export async function updateWithRetry<T>(
  if_match: IfMatch,
  attempt: (how: { readonly fresh: boolean }) => Promise<T>,
  own: (lost: Problem) => boolean = () => true,
): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await attempt({ fresh: tries > 1 });
    } catch (error) {
      const lost = error instanceof Problem && error.code === "precondition_failed" && own(error);
      if (!lost || Array.isArray(if_match)) throw error;
      if (tries === TRIES) {
        throw new Problem(
          "conflict",
          "Others are changing this resource all the time. Nothing was changed; try again.",
          {
            cause: error,
          },
        );
      }
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 10 * 2 ** tries));
    }
  }
}

/**
 * Refuses at once when the caller's `If-Match` is not the entity tag that was read; also where an update turns out to
 * change nothing and would be written nowhere.
 * @throws Problem `precondition_failed` (412)
 */
export function requireMatch(if_match: IfMatch, etag: string): void {
  // `*` asks only that the resource exists, which every update does.
  if (if_match !== undefined && if_match !== "*" && !if_match.includes(etag)) throw lostRace();
}

/** The members of a PATCH that were named: those that are undefined were not. */
export const given = <T extends object>(body: T): { [K in keyof T]?: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(body).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
