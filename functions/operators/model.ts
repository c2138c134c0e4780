import * as z from "zod";
import { type PlanLimits, UNLIMITED } from "../../shared/limits/plans.ts";
import { countedResources } from "../../shared/limits/quota.ts";
import { organizationView } from "../organizations/model.ts";

/** What a plan limits by the month. */
export const monthly = [
  "runs_per_month",
  "tokens_per_month",
  "api_calls_per_month",
] as const satisfies readonly (keyof PlanLimits)[];

/** What operators see of an organization: its own record, and numbers of what it holds; none of it by its name. */
export const organizationFacts = organizationView
  .extend({
    owners: z.int().meta({ description: "Active members who own it." }),
    usage: z
      .array(
        z
          .object({
            resource: z.enum([...countedResources, ...monthly]).meta({ id: "LimitedResource" }),
            used: z.int(),
            limit: z.int().meta({ description: `What its plan allows; ${UNLIMITED}: no limit.` }),
          })
          .meta({ id: "LimitUsage", description: "How much of a limit is used." }),
      )
      .meta({
        description: "What is counted against its plan. Runs of the month are counted where the plan limits them.",
      }),
  })
  .meta({ id: "OrganizationFacts", description: "An organization as operators see it." });
export type OrganizationFacts = z.output<typeof organizationFacts>;
