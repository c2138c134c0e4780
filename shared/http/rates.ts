import type { Authentication } from "../access/authenticate.ts";
import { principalKey } from "../access/principal.ts";
import { Problem } from "../errors.ts";
import { PLATFORM } from "../identity/items.ts";
import { plans, UNLIMITED } from "../limits/plans.ts";
import type { RateState } from "../limits/rate.ts";
import { WHOLE_ORGANIZATION } from "../limits/reserve.ts";
import { Slices } from "../limits/slices.ts";
import type { OperationShape } from "./operation.ts";
import type { RawRequest } from "./parse.ts";
import { actsInOrganization } from "./permit.ts";
import type { Platform } from "./platform.ts";

/** Counts the requests that one dispatcher serves against the limits of addresses, callers and organizations. */
export function createRates({ table, limits }: Pick<Platform, "table" | "limits">) {
  const slices = new Slices();
  const everybody = table.of(PLATFORM);

  return {
    /** Whoever is not known yet: public operations, refused credentials, paths that lead nowhere. */
    address: async ({ ip }: RawRequest, at: Date): Promise<RateState[]> => [
      await slices.admit(everybody, { name: "address", subject: `address:${ip}`, limit: limits.address }, at),
    ],

    /**
     * The caller, then the organization, which so counts only what the caller's own limit has admitted: nobody uses up
     * the others' share with requests that are refused anyway. What people do about themselves counts for them alone,
     * so that an organization at its limit keeps nobody from signing out.
     */
    async caller(who: Authentication, operation: OperationShape, at: Date): Promise<RateState[]> {
      const own = { name: who.principal.type, subject: principalKey(who.principal), limit: limitOf(who, limits) };
      const state = await slices.admit(everybody, own, at);
      // What operators do is not the organization's to pay for.
      if (!actsInOrganization(operation) || who.rights instanceof Problem || who.rights.by === "operator_access")
        return [state];
      const { id, plan } = who.rights.caller.organization;
      const { requests_per_minute, api_calls_per_month } = plans[plan];
      const all = await slices.admit(
        table.of(id),
        {
          name: "organization",
          subject: WHOLE_ORGANIZATION,
          limit: requests_per_minute,
          monthly: api_calls_per_month === UNLIMITED ? Number.POSITIVE_INFINITY : api_calls_per_month,
        },
        at,
      );
      return [state, all];
    },
  };
}

/**
 * An API key has a limit of its own. A directory comes with many requests at once and is no person: it may use half of
 * what its organization has.
 */
const limitOf = ({ principal, rights, rate_limit }: Authentication, limits: Platform["limits"]): number =>
  principal.type === "scim_token" && !(rights instanceof Problem)
    ? plans[rights.caller.organization.plan].requests_per_minute / 2
    : (rate_limit ?? limits.user);
