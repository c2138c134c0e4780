import * as z from "zod";
import { descriptionSchema, environmentSchema, timestampSchema, timezoneSchema } from "../../shared/http/schemas.ts";
import { idSchema } from "../../shared/ids.ts";

const HOUR_SECONDS = 3_600;
const DAY_SECONDS = 24 * HOUR_SECONDS;
/** Beyond a quarter of a year, nobody remembers what it was asked for. */
const LONGEST_SECONDS = 90 * DAY_SECONDS;
const MOST_APPROVALS = 10;
const MOST_WINDOWS = 20;

const timeOfDay = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, "must be a time of day, like 17:30");

export const freezeWindow = z
  .strictObject({
    days: z
      .array(z.int().min(1).max(7))
      .min(1)
      .max(7)
      .refine((days) => new Set(days).size === days.length, "must be different days")
      .meta({ description: "Days of the week on which it begins, 1 for Monday to 7 for Sunday.", example: [5] }),
    from: timeOfDay.meta({ example: "17:00" }),
    to: timeOfDay.meta({ description: "Not later than `from`: on the next day.", example: "08:00" }),
    timezone: timezoneSchema,
  })
  .meta({ id: "FreezeWindow", description: "When nothing is to be promoted." });

const allowSkip = z.boolean().meta({
  description: "That the environment between the two may be left out; true where there is one, and else false.",
  example: false,
});
const requiresApproval = z.boolean().meta({ description: "To production always true.", example: true });
const requiredApprovals = z
  .int()
  .min(1)
  .max(MOST_APPROVALS)
  .meta({ description: "By so many different people, where approval is required.", example: 2 });
const separation = z.boolean().meta({
  description:
    "Neither whoever asks for a promotion nor whoever deployed what is promoted may approve it. To production always true.",
  example: true,
});
const leastSeconds = z.int().min(0).max(LONGEST_SECONDS).meta({
  description: "How long it has to have been active in `source_environment`.",
  example: DAY_SECONDS,
});
const freezeWindows = z.array(freezeWindow).max(MOST_WINDOWS);
const expirySeconds = z
  .int()
  .min(HOUR_SECONDS)
  .max(LONGEST_SECONDS)
  .meta({
    description: "After so long a promotion is not approved any more.",
    example: 3 * DAY_SECONDS,
  });

const comment = descriptionSchema.meta({ example: "Looks good." });
const statuses = ["pending_approval", "approved", "rejected", "cancelled", "expired"] as const;
export const promotionStatus = z.enum(statuses).meta({ id: "PromotionStatus" });
export type PromotionStatus = z.output<typeof promotionStatus>;
export { statuses as promotionStatuses };

const approvalSchema = z
  .object({ user_id: z.string(), at: timestampSchema, comment })
  .meta({ id: "PromotionApproval" });

/** What is stored of a promotion. */
export const promotionSchema = z.object({
  id: idSchema("promotion"),
  organization_id: z.string(),
  deployment_id: idSchema("deployment").meta({ description: "What is promoted." }),
  name: z.string(),
  agent_id: idSchema("agent"),
  version: z.int().min(1),
  digest: z.string().nullable().meta({
    description: "Of what is promoted, as it was deployed.",
    example: "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
  }),
  source_environment: environmentSchema,
  target_environment: environmentSchema,
  target_gateway_id: idSchema("gateway"),
  comment,
  status: promotionStatus,
  rule_id: idSchema("promotion_rule").nullable().meta({ description: "The rule that it keeps to; null for none." }),
  rule_version: z.int().nullable().meta({ example: 1 }),
  required_approvals: z.int().min(0),
  separation_of_duties: z.boolean(),
  approvals: z.array(approvalSchema).meta({ description: "Those that count." }),
  /** Who may not approve where duties are separated. */
  requester_id: z.string().nullable(),
  deployer_id: z.string().nullable(),
  /** Approvals of an earlier rule do not count: with another one a new round begins. */
  round: z.int().min(1),
  decided_by: z
    .string()
    .nullable()
    .meta({ example: "usr_01JDQ4X0Z5V8W3N7K2M9R6T1BC", description: "Who has rejected or cancelled it." }),
  reason: descriptionSchema.nullable().meta({ example: "Not before the holidays.", description: "What they said." }),
  created_by: z.string(),
  created_at: timestampSchema,
  expires_at: timestampSchema,
  updated_at: timestampSchema,
  etag: z.string(),
  /** For entries of what the system does; so long it is kept after its end. */
  audit_days: z.int(),
  /** Set with its end. */
  forgotten_at: z.string().optional(),
});
export type Promotion = z.output<typeof promotionSchema>;

export const newPromotion = z.strictObject({
  deployment_id: idSchema("deployment"),
  target_gateway_id: idSchema("gateway"),
  comment: comment.default(""),
});
export const said = z.strictObject({ comment: comment.default("") });

export const promotionView = promotionSchema
  .omit({ etag: true, audit_days: true, round: true, requester_id: true, deployer_id: true, forgotten_at: true })
  .meta({ id: "Promotion", description: "The way of something deployed to a gateway of a higher environment." });

export const newRule = z.strictObject({
  source_environment: environmentSchema,
  target_environment: environmentSchema,
  description: descriptionSchema.default(""),
  allow_skip: allowSkip.default(false),
  requires_approval: requiresApproval.default(true),
  required_approvals: requiredApprovals.default(1),
  separation_of_duties: separation.default(true),
  min_seconds_in_environment: leastSeconds.default(0),
  freeze_windows: freezeWindows.default([]),
  expires_after_seconds: expirySeconds.default(3 * DAY_SECONDS),
});

/** From where to where never changes; neither, therefore, does whether it skips one. */
export const changedRule = z.strictObject({
  description: descriptionSchema.optional(),
  requires_approval: requiresApproval.optional(),
  required_approvals: requiredApprovals.optional(),
  separation_of_duties: separation.optional(),
  min_seconds_in_environment: leastSeconds.optional(),
  freeze_windows: freezeWindows.optional(),
  expires_after_seconds: expirySeconds.optional(),
});

/** What is stored of a rule. */
export const ruleSchema = z.object({
  id: idSchema("promotion_rule"),
  organization_id: z.string(),
  source_environment: environmentSchema,
  target_environment: environmentSchema,
  description: descriptionSchema,
  allow_skip: allowSkip,
  requires_approval: requiresApproval,
  required_approvals: requiredApprovals,
  separation_of_duties: separation,
  min_seconds_in_environment: leastSeconds,
  freeze_windows: freezeWindows,
  expires_after_seconds: expirySeconds,
  version: z.int().min(1).meta({ description: "One more with each change.", example: 1 }),
  created_by: z.string(),
  created_at: timestampSchema,
  updated_at: timestampSchema,
  etag: z.string(),
});
export type PromotionRule = z.output<typeof ruleSchema>;

export const ruleView = ruleSchema
  .omit({ etag: true })
  .meta({ id: "PromotionRule", description: "What it takes to bring something from one environment to a higher one." });
