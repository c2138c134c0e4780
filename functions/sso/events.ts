import * as z from "zod";
import { defineEvents } from "../../shared/change/events.ts";
import { platformProviderSchema } from "../../shared/identity/platform-providers.ts";

const connection = z.object({ connection_id: z.string(), name: z.string() });
const identity = z.object({
  identity_id: z.string(),
  connection_id: z.string().nullable(),
  /** In place of a connection: the provider that is everybody's. */
  provider: platformProviderSchema.nullable(),
  user_id: z.string(),
});

export const ssoEvents = defineEvents({
  "sso.connection_created": {
    summary: "A sign-in provider was connected.",
    resource: "sso_connection",
    data: connection,
  },
  "sso.connection_updated": {
    summary: "The settings of a connected sign-in provider changed.",
    resource: "sso_connection",
    data: connection.extend({ changed_fields: z.array(z.string()) }),
  },
  "sso.connection_deleted": {
    summary: "A sign-in provider was disconnected: nobody signs in through it any more.",
    resource: "sso_connection",
    data: connection,
  },
  "sso.certificate_expiring": {
    summary:
      "The last certificate of a SAML provider ends: told 30 and 7 days before, and when it has. A mail goes to owners and administrators.",
    resource: "sso_connection",
    data: connection.extend({ expires_at: z.string(), days_left: z.int() }),
  },
  "sso.identity_linked": {
    summary: "A person's sign-in at a provider belongs to a user from now on, who gets a mail.",
    resource: "sso_identity",
    data: identity,
  },
  "sso.identity_unlinked": {
    summary:
      "A person's sign-in at a provider belongs to no user any more: its sessions have ended. The user gets a mail.",
    resource: "sso_identity",
    data: identity.extend({ sub: z.string() }),
  },
  "sso.enforced": {
    summary:
      "Members sign in through a provider only, but for one owner; or another owner is that one from now on. A mail goes to the owners.",
    resource: "organization",
    data: z.object({ break_glass_user_id: z.string(), previous_break_glass_user_id: z.string().nullable() }),
  },
  "sso.enforcement_ended": {
    summary: "Members may sign in with passwords again. A mail goes to the owners.",
    resource: "organization",
    data: z.object({ break_glass_user_id: z.string() }),
  },
  "sso.sign_in_refused": {
    summary: "Somebody who came through a provider was not let in.",
    resource: "sso_connection",
    outcome: "denied",
    data: connection.extend({ reason: z.string() }),
  },
  "sso.platform_sign_in_refused": {
    summary: "A provider that is everybody's let in no member, or linked nobody with who has asked for it.",
    resource: "organization",
    outcome: "denied",
    data: z.object({
      provider: platformProviderSchema,
      purpose: z.enum(["sign_in", "link"]),
      user_id: z.string().nullable(),
      reason: z.string(),
    }),
  },
});
