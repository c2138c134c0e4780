import * as z from "zod";
import { runDays } from "../blobs/purposes.ts";
import { platformProviders } from "./platform-providers.ts";

const keptDays = z.literal(runDays).meta({ id: "KeptDays" });

/** Days for which an organization keeps things. What it has not set is its plan's (`shared/limits/retention.ts`). */
export const retentionSchema = z
  .object({
    run_days: keptDays.meta({ description: "Runs with their steps, logs and files." }),
    thread_days: keptDays.meta({
      description: "Turns of conversations with agents, counted from each; with its last turn a thread ends.",
    }),
    delivery_days: z.int().meta({ description: "Deliveries of webhooks with their attempts." }),
    audit_days: z.int().meta({
      description: "Entries of the audit trail; those about access 2,555 at least, refusals 90.",
    }),
    archived_days: z.int().meta({ description: "Until what is archived is erased." }),
  })
  .meta({ id: "Retention", description: "For how many days things are kept." });
export type Retention = z.output<typeof retentionSchema>;

/** How an organization shows itself to its members, who may choose otherwise for themselves. */
export const generalSchema = z
  .object({
    theme: z.enum(["system", "light", "dark"]).meta({ id: "Theme" }),
    timezone: z.string().meta({ description: "A name of the IANA time zone database.", example: "Europe/Berlin" }),
    language: z.string().meta({ description: "A language tag of BCP 47.", example: "en" }),
  })
  .meta({ id: "GeneralSettings", description: "How the organization shows itself." });
export type GeneralSettings = z.output<typeof generalSchema>;

/** What members are told of by which way. Mails about somebody's own account go out whatever is set. */
export const notificationsSchema = z
  .object({ email: z.boolean(), push: z.boolean(), slack: z.boolean(), digest: z.boolean() })
  .meta({ id: "NotificationSettings", description: "By which ways members are told of what happens." });
export type NotificationSettings = z.output<typeof notificationsSchema>;

/** With a password, through the provider of an organization, or through one of the deployment's own for everybody. */
export const signInMethods = ["password", "sso", ...platformProviders] as const;
export const signInMethodSchema = z.enum(signInMethods).meta({ id: "SignInMethod" });
export type SignInMethod = z.output<typeof signInMethodSchema>;

/** Who may act in the organization. Judged on every request (`shared/access/doors.ts`). */
export const securitySchema = z
  .object({
    session_lifetime_hours: z.int().meta({ description: "Hours after which a sign-in counts here no more." }),
    idle_timeout_minutes: z.int().nullable().meta({
      description:
        "Minutes without a request after which a session counts here no more before a new proof; null: no end. It may count up to five minutes early, never late.",
    }),
    require_mfa: z.boolean().meta({
      description: "Whoever signs in with a password needs a second factor. Sign-in providers ask for their own.",
    }),
    sign_in_methods: z.array(signInMethodSchema).meta({ description: "How members may have signed in." }),
    allowed_addresses: z
      .array(z.string())
      .meta({ description: "Networks in CIDR notation that requests may come from; empty: all.", example: [] }),
  })
  .meta({ id: "SecuritySettings", description: "Who may act in the organization; judged on every request." });
export type SecuritySettings = z.output<typeof securitySchema>;

/**
 * What an organization has set, a part for each subject; read with the organization on every request. A new subject is
 * another part here.
 */
export const organizationSettingsSchema = z.object({
  /** Rises with each change of any part. */
  version: z.int(),
  retention: retentionSchema.partial(),
  general: generalSchema.partial(),
  notifications: notificationsSchema.partial(),
  security: securitySchema.partial(),
});
export type OrganizationSettings = z.output<typeof organizationSettingsSchema>;

/** Before anything was set. */
export const UNSET: OrganizationSettings = {
  version: 0,
  retention: {},
  general: {},
  notifications: {},
  security: {},
};

/** A session ends by itself after so long, whatever an organization has set. */
export const LONGEST_SESSION_HOURS = 7 * 24;

/** What holds where nothing was set. */
const usual: {
  readonly general: GeneralSettings;
  readonly notifications: NotificationSettings;
  readonly security: SecuritySettings;
} = {
  general: { theme: "system", timezone: "UTC", language: "en" },
  notifications: { email: true, push: true, slack: false, digest: true },
  security: {
    session_lifetime_hours: LONGEST_SESSION_HOURS,
    idle_timeout_minutes: null,
    require_mfa: false,
    sign_in_methods: [...signInMethods],
    allowed_addresses: [],
  },
};

/** What was set over what is usual. */
const over = <T extends object>(base: T, set: { readonly [K in keyof T]?: T[K] | undefined }): T => ({
  ...base,
  ...(set as Partial<T>),
});

export const generalOf = ({ general }: OrganizationSettings): GeneralSettings => over(usual.general, general);
export const notificationsOf = ({ notifications }: OrganizationSettings): NotificationSettings =>
  over(usual.notifications, notifications);

/** What of an organization says who may act in it. */
export interface Secured {
  readonly id: string;
  readonly settings: Pick<OrganizationSettings, "security">;
  readonly break_glass_user_id?: string | undefined;
}

/** Where sign-in through a provider is enforced, no other method counts, whatever was set before. */
export const securityOf = ({ settings, break_glass_user_id }: Omit<Secured, "id">): SecuritySettings => ({
  ...over(usual.security, settings.security),
  ...(break_glass_user_id === undefined ? {} : { sign_in_methods: ["sso"] }),
});
