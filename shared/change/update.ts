import { lostRace } from "../dynamo/write.ts";
import { Problem } from "../errors.ts";

/** How often an update without If-Match is tried when others change the same thing at the same time. */
const TRIES = 8;

/**
 * Runs a read-merge-replace of one resource. Without `If-Match` the caller asked for no order: when another request
 * came between the read and the write, it is read and merged again. With `If-Match` the lost race is the answer (412).
 * @param attempt reads, merges and commits; is run anew after each lost race, `fresh` then, and passes that to `call.load`
 */
export async function updateWithRetry<T>(
  if_match: string | undefined,
  attempt: (how: { readonly fresh: boolean }) => Promise<T>,
): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await attempt({ fresh: tries > 1 });
    } catch (error) {
      const lost = error instanceof Problem && error.code === "precondition_failed";
      if (!lost || asked(if_match) !== undefined) throw error;
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

/** `If-Match: *` asks only that the resource exists, which every update does. */
const asked = (if_match: string | undefined): string | undefined => (if_match === "*" ? undefined : if_match);

/**
 * Refuses at once when the caller's `If-Match` is not the entity tag that was read; also where an update turns out to
 * change nothing and would be written nowhere.
 * @throws Problem `precondition_failed` (412)
 */
export function requireMatch(if_match: string | undefined, etag: string): void {
  if ((asked(if_match) ?? etag) !== etag) throw lostRace();
}
