import type { Authentication } from "../access/authenticate.ts";
import { Problem } from "../errors.ts";
import { PLATFORM } from "../identity/items.ts";
import { plans } from "../limits/plans.ts";
import { countRequest, type RateState } from "../limits/rate.ts";
import type { RawRequest } from "./parse.ts";
import type { Platform } from "./platform.ts";

/** One count for the caller (or the address, before sign-in), one for the organization; both at once. */
export async function countRates(
  platform: Platform,
  who: Authentication | null,
  request: RawRequest,
  at: Date,
): Promise<RateState> {
  const everybody = platform.table.of(PLATFORM);
  if (who === null) return countRequest(everybody, `address:${request.ip}`, platform.limits.address, at);
  const counts = [countRequest(everybody, `user:${who.principal.id}`, platform.limits.user, at)];
  if (!(who.rights instanceof Problem)) {
    const { id, plan } = who.rights.caller.organization;
    counts.push(countRequest(platform.table.of(id), "organization", plans[plan].requests_per_minute, at));
  }
  const [own, organization] = await Promise.all(counts);
  if (own === undefined) throw new Error("no rate was counted");
  return organization !== undefined && organization.remaining < own.remaining ? organization : own;
}
