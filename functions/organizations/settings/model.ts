import * as z from "zod";
import { networksSchema } from "../../../shared/access/network-text.ts";
import { languageSchema, timezoneSchema } from "../../../shared/http/schemas.ts";
import {
  generalSchema,
  LONGEST_SESSION_HOURS,
  notificationsSchema,
  retentionSchema,
  securitySchema,
  signInMethodSchema,
} from "../../../shared/identity/settings.ts";
import { idSchema } from "../../../shared/ids.ts";

/** Its settings as the API shows them: what holds now, whether it was set or is the plan's. */
export const settingsView = z
  .object({
    organization_id: idSchema("organization"),
    version: z.int(),
    retention: retentionSchema,
    general: generalSchema,
    notifications: notificationsSchema,
    security: securitySchema,
  })
  .meta({ id: "OrganizationSettings", description: "What an organization has set, and what holds where it has not." });

const days = z.int().nullable();

const distinct = <T>(list: T[]): T[] => [...new Set(list)];

const generalChange = z
  .strictObject({
    theme: generalSchema.shape.theme.nullable(),
    timezone: timezoneSchema.nullable(),
    language: languageSchema.nullable(),
  })
  .partial();
const flag = z.boolean().nullable();
const notificationsChange = z.strictObject({ email: flag, push: flag, slack: flag, digest: flag }).partial();
const securityChange = z
  .strictObject({
    session_lifetime_hours: z.int().min(1).max(LONGEST_SESSION_HOURS).nullable(),
    idle_timeout_minutes: z
      .int()
      .min(15)
      .max(LONGEST_SESSION_HOURS * 60)
      .nullable(),
    require_mfa: flag,
    sign_in_methods: z
      .array(signInMethodSchema)
      .overwrite(distinct)
      .refine(
        (methods) => methods.includes("password"),
        "must have `password`: PUT /organizations/{organization_id}/sso-enforcement lets people in through providers only",
      )
      .nullable(),
    allowed_addresses: networksSchema.nullable(),
  })
  .partial();

/** What a change of the settings names; null gives back to the plan, or to what is usual. */
export const settingsChange = z
  .strictObject({
    retention: z
      .strictObject({ run_days: days, thread_days: days, delivery_days: days, audit_days: days, archived_days: days })
      .partial(),
    general: generalChange,
    notifications: notificationsChange,
    security: securityChange,
  })
  .partial();
