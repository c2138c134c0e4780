import type { Authentication } from "../access/authenticate.ts";
import { principalKey } from "../access/principal.ts";
import type { TenantTable } from "../dynamo/table.ts";
import { Problem } from "../errors.ts";
import { type Organization, PLATFORM } from "../identity/items.ts";
import { type RateClassName, rateClasses, rateOf, SIGN_IN_PART } from "../limits/classes.ts";
import { ratesOf } from "../limits/overrides.ts";
import { UNLIMITED } from "../limits/plans.ts";
import type { RateState } from "../limits/rate.ts";
import { WHOLE_ORGANIZATION } from "../limits/reserve.ts";
import { type Allowance, Slices, Uncounted } from "../limits/slices.ts";
import type { OperationShape } from "./operation.ts";
import type { RawRequest } from "./parse.ts";
import { actsInOrganization } from "./permit.ts";
import type { Platform } from "./platform.ts";

/** Counts the requests that one dispatcher serves against the limits of addresses, callers and organizations. */
export function createRates({ table, limits, meter }: Pick<Platform, "table" | "limits" | "meter">) {
  const slices = new Slices();
  const everybody = table.of(PLATFORM);

  /** Counts a request of a class; where the counter does not answer, the class says what becomes of it. */
  async function counted(of: RateClassName, within: TenantTable, allowance: Allowance, at: Date): Promise<RateState[]> {
    try {
      return [await slices.admit(within, allowance, at)];
    } catch (error) {
      if (!(error instanceof Uncounted)) throw error;
      meter.count("uncounted_requests");
      if (rateClasses[of].uncounted === "refused") throw error;
      return [];
    }
  }

  /** The caller's own limits: the class's, in place of one over all; who has a limit of their own, that one and what is scarce. */
  async function ownLimits(
    who: Authentication,
    of: RateClassName,
    organization: Organization | undefined,
    at: Date,
  ): Promise<RateState[]> {
    const subject = principalKey(who.principal);
    const own = ownLimitOf(who);
    const set = of === "sign_in" ? undefined : organization?.limits?.[of];
    const limit = set ?? rateOf(of, limits.user);
    const states =
      own === undefined ? [] : await counted(of, everybody, { name: who.principal.type, subject, limit: own }, at);
    const binds = set !== undefined || rateClasses[of].beside;
    if (own !== undefined && (limit >= own || !binds)) return states;
    // What is set for one organization says nothing of what the person does in others.
    const within = organization === undefined || set === undefined ? everybody : table.of(organization.id);
    return [...states, ...(await counted(of, within, { name: of, subject: `${subject}:${of}`, limit }, at))];
  }

  return {
    /** Whoever is not known yet: public operations, refused credentials, paths that lead nowhere. */
    address({ ip }: RawRequest, of: RateClassName, at: Date): Promise<RateState[]> {
      const subject = `address:${ip}`;
      const allowance =
        of === "sign_in"
          ? { name: of, subject: `${subject}:${of}`, limit: Math.ceil(limits.address / SIGN_IN_PART) }
          : { name: "address", subject, limit: limits.address };
      return counted(of, everybody, allowance, at);
    },

    /**
     * The caller, then the organization, which so counts only what the caller's own limit has admitted: nobody uses up
     * the others' share with requests that are refused anyway. What people do about themselves counts for them alone,
     * so that an organization at its limit keeps nobody from signing out.
     */
    async caller(who: Authentication, operation: OperationShape, at: Date): Promise<RateState[]> {
      const { rate_class } = operation;
      const organization = actsInOrganization(operation) ? payingOrganization(who) : undefined;
      const states = await ownLimits(who, rate_class, organization, at);
      if (organization === undefined) return states;
      const { requests_per_minute, api_calls_per_month } = ratesOf(organization);
      const all = {
        name: "organization",
        subject: WHOLE_ORGANIZATION,
        limit: requests_per_minute,
        monthly: api_calls_per_month === UNLIMITED ? Number.POSITIVE_INFINITY : api_calls_per_month,
      };
      return [...states, ...(await counted(rate_class, table.of(organization.id), all, at))];
    },
  };
}

/** The organization that a caller acts in; what operators do is not its to pay for, nor bound by what is set for its people. */
const payingOrganization = ({ rights }: Authentication): Organization | undefined =>
  rights instanceof Problem || rights.by === "operator_access" ? undefined : rights.caller.organization;

/**
 * An API key has a limit of its own, over all that it does. A directory comes with many requests at once and is no person: it
 * may use half of what its organization has.
 */
const ownLimitOf = ({ principal, rights, rate_limit }: Authentication): number | undefined =>
  principal.type === "scim_token" && !(rights instanceof Problem)
    ? Math.ceil(ratesOf(rights.caller.organization).requests_per_minute / 2)
    : rate_limit;
