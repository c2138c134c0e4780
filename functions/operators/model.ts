import * as z from "zod";
import { idSchema } from "../../shared/ids.ts";
import { type PlanLimits, UNLIMITED } from "../../shared/limits/plans.ts";
import { countedResources } from "../../shared/limits/quota.ts";
import { domainSchema } from "../domains/model.ts";
import { organizationView } from "../organizations/model.ts";
import { organizationLimits } from "./limits/model.ts";

/** Minutes within which an operator has proved a factor who changes something. */
export const STEP_UP = 10;

/** Why an operator does something; whom it concerns reads it. */
export const reasonSchema = z.string().trim().min(1).max(500);

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
    limits: organizationLimits,
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

export const domainClaim = z
  .object({
    organization_id: idSchema("organization"),
    organization_name: z.string(),
    organization_status: organizationView.shape.status,
    domain_id: domainSchema.shape.id,
    status: domainSchema.shape.status,
    method: domainSchema.shape.method,
    claimed_at: z.string(),
    verified_at: z.string().nullable(),
  })
  .meta({ id: "DomainClaim", description: "An organization's claim of a mail domain, as operators see it." });
