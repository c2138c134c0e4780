import * as z from "zod";
import { canonicalText, languageSchema, timezoneSchema } from "../../../shared/http/schemas.ts";
import {
  generalSchema,
  LONGEST_SESSION_HOURS,
  notificationsSchema,
  retentionSchema,
  securitySchema,
  signInMethodSchema,
} from "../../../shared/identity/settings.ts";
import { idSchema } from "../../../shared/ids.ts";
import { normalizeNetwork } from "./rules/networks.ts";

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

/** Networks are read with every request of the organization: so many are 2 KB at most. */
export const MOST_NETWORKS = 50;
const networkSchema = canonicalText(
  64,
  normalizeNetwork,
  "must be an address or a network in CIDR notation, like 192.0.2.0/24 or 2001:db8::/32",
).meta({ example: "192.0.2.0/24" });

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
    allowed_addresses: z.array(networkSchema).max(MOST_NETWORKS).overwrite(distinct).nullable(),
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
