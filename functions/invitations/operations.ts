import * as z from "zod";
import { roleSchema } from "../../shared/access/own-roles.ts";
import { operation } from "../../shared/http/operation.ts";
import { emailSchema, pageOf, pageQuery, visibleText } from "../../shared/http/schemas.ts";
import { idSchema } from "../../shared/ids.ts";
import { organizationNameView, organizationView } from "../organizations/model.ts";
import { BULK, invitationSchema, invitationTokenSchema, joinedFields, PROMISED, promisedSchema } from "./model.ts";
import { invitationResource } from "./store.ts";

const path = z.object({ invitation_id: idSchema("invitation") });
const token = z.strictObject({ token: invitationTokenSchema });

/** None unless given; each at most once. */
const distinct = <S extends z.ZodType>(list: z.ZodArray<S>, name: (item: z.output<S>) => string) =>
  list
    .max(PROMISED)
    .refine((items) => new Set(items.map(name)).size === items.length, "names one more than once")
    .default([]);

const invitee = z.strictObject({
  email: emailSchema,
  role: roleSchema,
  message: visibleText(z.string().trim().max(500))
    .default("")
    .meta({ description: "Stands in the mail, as the inviter's own words." }),
  team_ids: distinct(z.array(idSchema("team")), (id) => id).meta({
    description: "Teams that they join as a member. Those that are gone or full by then are left out.",
  }),
  workspaces: distinct(
    z.array(promisedSchema.strict().meta({ id: "WorkspaceSeatInput" })),
    ({ workspace_id }) => workspace_id,
  ).meta({
    description: "Workspaces that they join. Those that are gone or archived by then are left out.",
  }),
});

export const operations = {
  create: operation({
    id: "invitations.create",
    method: "POST",
    path: "/invitations",
    summary: "Invite somebody by e-mail",
    description:
      "A mail with a link goes out; the link works once, for seven days. Nobody invites to a role that grants more than their own, nor into teams and workspaces whose members they do not decide about. The address may have an account already: it joins by signing in.",
    permission: "invitations:create",
    resource: { type: "invitation", create: true },
    request: { body: invitee },
    response: invitationSchema,
    success: 201,
    errors: ["already_exists", "quota_exceeded", "reference_not_found", "conflict"],
  }),
  createMany: operation({
    id: "invitations.create_many",
    method: "POST",
    path: "/invitations/bulk",
    summary: "Invite up to 100 people",
    description:
      "Each line is made or refused by itself, in order; the answer has one result for each, in the same order.",
    permission: "invitations:create",
    resource: { type: "invitation", create: true },
    request: { body: z.strictObject({ invitations: z.array(invitee).min(1).max(BULK) }) },
    response: z.object({
      results: z.array(
        z.object({
          email: z.string(),
          invitation: invitationSchema.nullable(),
          error: z
            .object({ code: z.string().meta({ example: "already_exists" }), detail: z.string() })
            .nullable()
            .meta({ description: "Why there is no invitation." }),
        }),
      ),
    }),
    success: 200,
    errors: [],
  }),
  list: operation({
    id: "invitations.list",
    method: "GET",
    path: "/invitations",
    summary: "Invitations of the organization",
    permission: "invitations:read",
    resource: { type: "invitation", list: true },
    request: {
      query: z.strictObject({ ...pageQuery, status: invitationSchema.shape.status.default("pending") }),
    },
    response: pageOf(invitationSchema),
    success: 200,
    errors: [],
  }),
  get: operation({
    id: "invitations.get",
    method: "GET",
    path: "/invitations/{invitation_id}",
    summary: "Read an invitation",
    permission: "invitations:read",
    resource: invitationResource,
    request: { path },
    response: invitationSchema,
    success: 200,
    errors: [],
  }),
  resend: operation({
    id: "invitations.resend",
    method: "POST",
    path: "/invitations/{invitation_id}/resend",
    summary: "Send a pending invitation again",
    description:
      "With a new link, for another seven days; the old link is dead. An address gets at most five mails a day.",
    permission: "invitations:update",
    resource: invitationResource,
    request: { path },
    response: invitationSchema,
    success: 200,
    errors: ["conflict", "reference_not_found"],
  }),
  revoke: operation({
    id: "invitations.revoke",
    method: "DELETE",
    path: "/invitations/{invitation_id}",
    summary: "Take a pending invitation back",
    description: "Its link is dead from the next request on.",
    permission: "invitations:delete",
    resource: invitationResource,
    request: { path },
    response: "none",
    success: 204,
    errors: ["conflict"],
  }),
  lookUp: operation({
    id: "invitations.look_up",
    method: "POST",
    path: "/invitations/look-up",
    summary: "What an invitation's link is about",
    description:
      "For the page that the link leads to: an address with an account signs in and accepts (`POST /invitations/accept`), another one joins (`POST /auth/join`).",
    permission: "public",
    request: { body: token },
    response: z.object({
      organization: organizationNameView,
      email: z.string(),
      role: z.string(),
      message: z.string(),
      invited_by: z.string().nullable().meta({ description: "Name of whoever sent it." }),
      has_account: z.boolean(),
      expires_at: z.string(),
    }),
    success: 200,
    errors: ["not_found"],
    sensitive: true,
  }),
  accept: operation({
    id: "invitations.accept",
    method: "POST",
    path: "/invitations/accept",
    summary: "Join an organization by the link in a mail",
    description:
      "For the user of the address that was invited. The organization is used with the header `Organization-Id` or by `POST /auth/me/switch-org`.",
    permission: "authenticated",
    request: { body: token },
    response: z.object({ organization: organizationView, ...joinedFields }),
    success: 200,
    errors: ["not_found", "forbidden", "conflict", "quota_exceeded"],
  }),
} as const;
