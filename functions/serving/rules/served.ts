import { createHash } from "node:crypto";
import type { Endpoint } from "../model.ts";

/** Places among which who asks is spread: a weight is so many of a hundred. */
const HUNDRED = 100;

/**
 * Which of the deployments answers: the same one for the same caller, as long as the weights stay. The first has what the others leave.
 * @param who tells callers apart
 * @returns undefined where nothing is served
 */
export function chosen({ serves }: Pick<Endpoint, "serves">, who: string): string | undefined {
  const [first, ...others] = serves;
  const place = createHash("sha256").update(who).digest().readUInt32BE(0) % HUNDRED;
  let from = 0;
  for (const { deployment_id, weight } of others) {
    if (place >= from && place < from + weight) return deployment_id;
    from += weight;
  }
  return first?.deployment_id;
}

/** Which deployment a path names: the endpoint by its agent, or one that is served by itself. */
export const named = (endpoint: Pick<Endpoint, "serves" | "target_id">, ref: string): "any" | string | undefined =>
  ref === endpoint.target_id
    ? "any"
    : endpoint.serves.find(({ deployment_id }) => deployment_id === ref)?.deployment_id;
