import * as z from "zod";
import { defineItem } from "../dynamo/item.ts";
import { viewerPlaceSchema } from "../http/place.ts";
import { idSchema } from "../ids.ts";
import { overridable } from "../limits/overrides.ts";
import { organizationSettingsSchema, signInMethodSchema } from "./settings.ts";

/**
 * The tenant of what belongs to no organization: users, sessions, e-mail markers. It is a reserved word, never an
 * organization's id, so the rule "every key begins with a tenant" has no exception.
 */
export const PLATFORM = "platform";

/** Accounts at the pool that are one user: a person signs in through few providers, and each is read when all sessions end. */
export const ACCOUNTS_PER_USER = 10;
export const organizationStatuses = ["active", "suspended", "deleted", "erasing"] as const;

export const organizationSchema = z.object({
  id: idSchema("organization"),
  name: z.string(),
  slug: z.string(),
  status: z.enum(organizationStatuses).meta({ id: "OrganizationStatus" }),
  suspension: z
    .object({ at: z.string(), reason: z.string().meta({ example: "Unpaid since March." }) })
    .meta({
      id: "OrganizationSuspension",
      description: "Since when it is suspended, and why; also while it is deleted.",
    })
    .nullable(),
  deletion: z
    .object({ at: z.string(), erase_at: z.string() })
    .meta({
      id: "OrganizationDeletion",
      description: "Since when it is deleted, and when it is erased unless restored.",
    })
    .nullable(),
  plan: z.enum(["free", "pro", "enterprise"]).meta({ id: "Plan" }),
  /** What an operator has set in place of the plan's and the classes' rates; absent where nothing ever was. */
  limits: z.partialRecord(z.enum(overridable), z.int()).optional(),
  /** While it is set, sign-in through a provider is enforced, and this owner alone still signs in with a password. */
  break_glass_user_id: idSchema("user").optional(),
  settings: organizationSettingsSchema,
  /** Model providers that are not called as usual (`model_circuit`); absent without any. */
  open_circuits: z.set(z.string()).optional(),
  /** Which version of its rules of access counts (`access_rules`); absent while it has none of its own. */
  rules_version: z.int().optional(),
  created_by: z.string(),
  created_at: z.string(),
  updated_at: z.string(),
  etag: z.string(),
});
export type Organization = z.output<typeof organizationSchema>;

/** Whether nobody can work in it any more, unless it is restored. */
export const isGone = ({ status }: Pick<Organization, "status">): boolean =>
  status === "deleted" || status === "erasing";

export const userSchema = z.object({
  id: idSchema("user"),
  email: z.string(),
  name: z.string(),
  language: z.string().nullable().meta({
    description:
      "What mails to the person are written in, as a tag of BCP 47; null: as their default organization has it.",
    example: "de",
  }),
  status: z.enum(["active", "suspended", "deleted"]).meta({ id: "UserStatus" }),
  default_organization_id: idSchema("organization"),
  last_login_at: z.string().nullable(),
  /** The pool's own names of the user's accounts (`sub` of their tokens): that of the password, one for each provider. */
  subs: z.array(z.string()).max(ACCOUNTS_PER_USER),
  has_password: z.boolean().meta({ description: "Whether they sign in with a password; else through providers only." }),
  /** Raised by each cut-off: a session opens only under the epoch that was read before the password was proved. */
  epoch: z.number().int(),
  /** Sessions ever opened: who ends all of them knows by it that none was opened since they were read. */
  sessions_opened: z.number().int(),
  /** Live sessions, never fewer than there are: one that expires by itself is counted until it is looked for. */
  sessions_live: z.number().int(),
  /** Since when signing in with the password takes a second factor; absent without one. */
  mfa_enabled_at: z.string().optional(),
  /** While the pool is told a new password: no session opens before this time. */
  password_hold_until: z.string().optional(),
  /** Organizations that may have named them as the one who still signs in with a password; they know whether it is so. */
  break_glass_in: z.array(z.string()).optional(),
  created_at: z.string(),
  updated_at: z.string(),
  etag: z.string(),
});
export type User = z.output<typeof userSchema>;

/** Stands for the day of who has never come: before all days. */
export const NEVER_SEEN = "0000-00-00";

export const membershipSchema = z.object({
  organization_id: idSchema("organization"),
  user_id: idSchema("user"),
  role: z.string(),
  joined_via: z.enum(["registration", "invitation", "domain", "sso", "scim"]),
  status: z.enum(["active", "suspended", "removed"]).meta({ id: "MemberStatus" }),
  /** Of a suspended one: that the company's directory has done it, which may take it back. */
  suspended_by: z.literal("directory").optional(),
  primary: z.boolean(),
  joined_at: z.string(),
  /** The day (UTC) of their last request in the organization; `NEVER_SEEN` before the first. */
  last_seen_on: z.string(),
  /** The person's name as lists are sorted by; follows a change of the name within moments. */
  name_key: z.string(),
  updated_at: z.string(),
  etag: z.string(),
});
export type Membership = z.output<typeof membershipSchema>;

export const sessionSchema = z.object({
  /** The account at the pool: `sub` of its tokens. */
  sub: z.string(),
  /** The token family: Cognito's `origin_jti`, the same in every token that was refreshed from one sign-in. */
  origin_jti: z.string(),
  /** The pool's app client whose tokens these are: the API's own, or that of an SSO connection. */
  client_id: z.string(),
  id: idSchema("session"),
  user_id: idSchema("user"),
  /** The user's default organization, repeated here so that a request needs the session only. */
  default_organization_id: idSchema("organization"),
  status: z.enum(["active", "signed_out", "revoked"]),
  /** SHA-256 of the newest refresh token; an older one is a re-use. */
  refresh_hash: z.string(),
  /** Cognito's own refresh token, encrypted; it never leaves the system. */
  provider_token: z.string(),
  /** How the person signed in, and through which connection of an organization. */
  method: signInMethodSchema,
  connection_id: z.string().optional(),
  /** Whose connection that is. */
  connection_organization_id: idSchema("organization").optional(),
  /** The account has a second factor. Sessions opened without it have ended when it was turned on. */
  second_factor: z.boolean(),
  /** When a factor was last proved in this session: the sign-in, then each step-up. */
  proved_at: z.string(),
  /** When a request came with it, to five minutes. */
  last_seen_at: z.string(),
  /** The longest time without a request since the last proof. */
  longest_idle_seconds: z.int(),
  ip: z.string(),
  /** Where that address was; absent where no front said it. */
  place: viewerPlaceSchema.optional(),
  user_agent: z.string(),
  created_at: z.string(),
  refreshed_at: z.string(),
  expires_at: z.string(),
});
export type Session = z.output<typeof sessionSchema>;

/** Organizations are their own tenant. */
export const organizationItem = defineItem({
  type: "organization",
  summary: "The tenant's own record.",
  schema: organizationSchema,
  key: { pk: "ORGANIZATION", sk: "ORGANIZATION" },
});

export const membershipItem = defineItem({
  type: "membership",
  summary: "A user in an organization, with the role; read strongly on every request.",
  schema: membershipSchema,
  key: { pk: "MEMBERS", sk: "{user_id}" },
  indexes: {
    gsi1: { pk: "MEMBERS#{status}", sk: "{name_key}#{user_id}" },
    gsi2: { pk: "MEMBERS#{status}#{role}", sk: "{name_key}#{user_id}" },
    gsi3: { pk: "MEMBERS_JOINED#{status}", sk: "{joined_at}#{user_id}" },
    // Every request may set the day, and must not set the status with it.
    gsi4: { pk: "MEMBERS_SEEN", sk: "{last_seen_on}#{user_id}" },
  },
});

/** The other direction, in the platform's partition of the user: which organizations a user belongs to. */
export const userOrganizationItem = defineItem({
  type: "user_organization",
  summary: "Pointer from a user to an organization; the membership itself is the truth.",
  schema: z.object({ user_id: idSchema("user"), organization_id: idSchema("organization") }),
  key: { pk: "USER_ORGANIZATIONS#{user_id}", sk: "{organization_id}" },
});

export const userItem = defineItem({
  type: "user",
  summary: "A person, platform-wide.",
  schema: userSchema,
  key: { pk: "USER#{id}", sk: "USER" },
});

export const emailItem = defineItem({
  type: "email",
  summary: "Uniqueness of an e-mail address (lower case), and the way from it to its user.",
  schema: z.object({ email: z.string(), user_id: idSchema("user") }),
  key: { pk: "EMAIL#{email}", sk: "EMAIL" },
});

export const slugItem = defineItem({
  type: "organization_slug",
  summary: "Uniqueness of an organization's slug; one that was given up is reserved for a while.",
  schema: z.object({
    slug: z.string(),
    organization_id: idSchema("organization"),
    /** The organization has another one now, and nobody else gets this one before. */
    reserved_until: z.string().optional(),
  }),
  key: { pk: "SLUG#{slug}", sk: "SLUG" },
  expires: "reserved_until",
});

/** The way from an account of the pool to its user; written in the transaction that makes it the user's. */
export const poolAccountItem = defineItem({
  type: "pool_account",
  summary: "The user of an account of the pool, by the pool's own name of it (`sub`).",
  schema: z.object({ sub: z.string(), user_id: idSchema("user") }),
  key: { pk: "POOL_ACCOUNT#{sub}", sk: "POOL_ACCOUNT" },
});

/** The sessions of one account are one partition, named by what every token says, so that all of them are read strongly. */
export const sessionItem = defineItem({
  type: "session",
  summary: "One sign-in and its family of tokens; checked on every request.",
  schema: sessionSchema,
  key: { pk: "SESSIONS#{sub}", sk: "{origin_jti}" },
  expires: "expires_at",
});

/** How a browser gets through the user pool to a provider and back. */
export const waySchema = z.strictObject({
  /** The pool's app client that allows this provider only. */
  pool_client_id: z.string(),
  provider_name: z.string(),
  callback_url: z.string(),
  kind: z.enum(["oidc", "saml"]),
});
export type Way = z.output<typeof waySchema>;

/**
 * Links to a connection, and sessions that were opened by it, name it and no organization. It goes with the request that
 * deletes the connection: a session whose connection has no place any more is refused.
 */
export const connectionPlaceItem = defineItem({
  type: "sso_connection_place",
  summary: "The organization of a sign-in provider's connection, as long as it is not deleted.",
  schema: z.object({
    connection_id: idSchema("sso_connection"),
    organization_id: idSchema("organization"),
    /** Null while nobody signs in through it. */
    way: waySchema.nullable(),
  }),
  key: { pk: "SSO_CONNECTION_PLACE#{connection_id}", sk: "SSO_CONNECTION_PLACE" },
});
