import * as z from "zod";
import { operation } from "../../shared/http/operation.ts";
import { emailSchema, languageSchema, nameSchema, pageOf, pageQuery } from "../../shared/http/schemas.ts";
import { idSchema } from "../../shared/ids.ts";
import { invitationTokenSchema, joinedFields } from "../invitations/model.ts";
import { organizationNameView, slugSchema } from "../organizations/model.ts";
import { emailOperations } from "./email-change/operations.ts";
import { mfaOperations } from "./mfa/operations.ts";
import {
  challengeSchema,
  codeSchema,
  deviceTokenSchema,
  organizationView,
  passwordSchema,
  signedInSchema,
  tokensSchema,
  triedPasswordSchema,
  userView,
  workspaceView,
} from "./model.ts";
import { sessionOperations } from "./sessions/operations.ts";

const mailSentSchema = z.object({ registration_id: idSchema("registration"), message: z.string() });

const mailLanguageSchema = languageSchema.optional().meta({
  description:
    "What mails to the person are written in, as far as there are some in it; else in that of the organization.",
});

export const operations = {
  register: operation({
    id: "auth.register",
    method: "POST",
    path: "/auth/register",
    summary: "Register an organization and its first user",
    description:
      "Sends a mail with a token to the address; `POST /auth/verify-email` then makes the account. Nothing is made before the address is proved. The answer is the same whether the address has an account or not.",
    permission: "public",
    request: {
      body: z.strictObject({
        email: emailSchema,
        name: nameSchema,
        organization_name: nameSchema.optional().meta({
          description: "May be left out, for instance by whoever means to join the organization of their mail domain.",
        }),
        language: mailLanguageSchema,
        organization_slug: slugSchema.optional().meta({ description: "Derived from the name when it is left out." }),
      }),
    },
    response: mailSentSchema,
    success: 202,
    errors: ["already_exists", "registration_closed"],
    location: "/auth/verify-email",
  }),
  resendVerification: operation({
    id: "auth.resend_verification",
    method: "POST",
    path: "/auth/registrations/{registration_id}/resend",
    summary: "Send the mail of a registration again",
    description: "The same token, at most twice. The answer is the same whether the address has an account or not.",
    permission: "public",
    request: { path: z.object({ registration_id: idSchema("registration") }) },
    response: mailSentSchema,
    success: 202,
    errors: ["conflict"],
    location: "/auth/verify-email",
  }),
  verifyEmail: operation({
    id: "auth.verify_email",
    method: "POST",
    path: "/auth/verify-email",
    summary: "Prove the e-mail, choose a password and sign in",
    description:
      "With the token from the mail, which works once, for one day. Creates the organization, the user as its owner and a first workspace, all or nothing. When the answer was lost, sign in.",
    permission: "public",
    request: { body: z.strictObject({ token: z.string().min(1).max(200), password: passwordSchema }) },
    response: z.object({
      user: userView,
      organization: organizationView,
      workspace: workspaceView,
      tokens: tokensSchema,
      device_token: deviceTokenSchema,
    }),
    success: 201,
    errors: ["invalid_credentials", "already_exists", "weak_password", "registration_closed"],
    sensitive: true,
    location: "/auth/me",
  }),
  lookUpRegistration: operation({
    id: "auth.look_up_registration",
    method: "POST",
    path: "/auth/registrations/look-up",
    summary: "What a registration's link is about",
    description:
      "For the page that the link leads to. With `join`, whoever has the address may join that organization (`POST /auth/join-domain`) instead of founding one (`POST /auth/verify-email`).",
    permission: "public",
    request: { body: z.strictObject({ token: z.string().min(1).max(200) }) },
    response: z.object({
      email: z.string(),
      name: z.string(),
      organization_name: z.string().nullable(),
      join: z.object({ organization: organizationNameView, role: z.string() }).nullable(),
    }),
    success: 200,
    errors: ["invalid_credentials", "registration_closed"],
    sensitive: true,
  }),
  joinDomain: operation({
    id: "auth.join_domain",
    method: "POST",
    path: "/auth/join-domain",
    summary: "Prove the e-mail and join the organization of its domain",
    description:
      "With the token of a registration, where the organization that has proved the address's domain lets people in (`auto_join`). Creates the user with the domain's role and signs them in, all or nothing. When the answer was lost, sign in.",
    permission: "public",
    request: { body: z.strictObject({ token: z.string().min(1).max(200), password: passwordSchema }) },
    response: z.object({
      user: userView,
      organization: organizationView,
      role: z.string(),
      tokens: tokensSchema,
      device_token: deviceTokenSchema,
    }),
    success: 201,
    errors: [
      "invalid_credentials",
      "not_found",
      "already_exists",
      "weak_password",
      "registration_closed",
      "quota_exceeded",
    ],
    sensitive: true,
    location: "/auth/me",
  }),
  join: operation({
    id: "auth.join",
    method: "POST",
    path: "/auth/join",
    summary: "Join an organization as a new user, by an invitation",
    description:
      "With the token from the mail of an invitation, which proves the address. Creates the user with the invited role and signs them in, all or nothing. Works where registration is closed. Somebody who has an account signs in and accepts (`POST /invitations/accept`). When the answer was lost, sign in.",
    permission: "public",
    request: {
      body: z.strictObject({
        token: invitationTokenSchema,
        name: nameSchema,
        language: mailLanguageSchema,
        password: passwordSchema,
      }),
    },
    response: z.object({
      user: userView,
      organization: organizationView,
      ...joinedFields,
      tokens: tokensSchema,
      device_token: deviceTokenSchema,
    }),
    success: 201,
    errors: ["not_found", "already_exists", "weak_password", "quota_exceeded"],
    sensitive: true,
    location: "/auth/me",
  }),
  login: operation({
    id: "auth.login",
    method: "POST",
    path: "/auth/login",
    summary: "Sign in",
    description:
      "Unknown users and wrong passwords get the same answer in the same time. Repeated failures of one account from one place wait longer and longer; a device that sends its `device_token`, or an address from which the account has signed in, is not slowed down by others. A user has a limited number of sessions: one more ends the oldest. Where the account has a second factor the answer is a challenge, and nothing is open before `POST /auth/login/mfa`.",
    permission: "public",
    request: {
      body: z.strictObject({
        email: emailSchema,
        password: triedPasswordSchema,
        device_token: deviceTokenSchema.optional(),
      }),
    },
    response: z.discriminatedUnion("status", [signedInSchema, challengeSchema]),
    success: 200,
    errors: ["invalid_credentials"],
    sensitive: true,
  }),
  refresh: operation({
    id: "auth.refresh",
    method: "POST",
    path: "/auth/refresh",
    summary: "Exchange a refresh token for new tokens",
    description: "A refresh token works once. Using an old one ends the session for whoever holds it.",
    permission: "public",
    request: { body: z.strictObject({ refresh_token: z.string().min(1).max(400) }) },
    response: tokensSchema,
    success: 200,
    errors: ["invalid_refresh_token"],
    sensitive: true,
  }),
  stepUp: operation({
    id: "auth.step_up",
    method: "POST",
    path: "/auth/step-up",
    summary: "Prove again who you are",
    description:
      "Operations that cannot be taken back ask for it with 403 `step_up_required`. The proof counts for this session. Wrong ones wait longer and longer, as at sign-in. With a second factor it takes a code, else the password. Somebody who came through a sign-in provider and has none signs in again instead.",
    permission: "authenticated",
    request: {
      body: z
        .strictObject({ password: triedPasswordSchema, code: codeSchema })
        .partial()
        .refine(
          ({ password, code }) => (password === undefined) !== (code === undefined),
          "takes a password or a code",
        ),
    },
    response: z.object({ proved_at: z.string() }),
    success: 200,
    errors: ["invalid_credentials", "conflict"],
    rate_class: "sign_in",
  }),
  logout: operation({
    id: "auth.logout",
    method: "POST",
    path: "/auth/logout",
    summary: "End this session",
    description: "The access token and the refresh token of the session are refused from the next request on.",
    permission: "authenticated",
    request: {},
    response: "none",
    success: 204,
    errors: ["conflict"],
  }),
  signOutOthers: operation({
    id: "auth.sign_out_others",
    method: "POST",
    path: "/auth/me/sign-out-others",
    summary: "End every other session",
    description: "Their access and refresh tokens are refused from the next request on. The session that asks stays.",
    permission: "authenticated",
    request: {},
    response: "none",
    success: 204,
    errors: ["conflict"],
  }),
  me: operation({
    id: "auth.me",
    method: "GET",
    path: "/auth/me",
    summary: "Who is signed in",
    permission: "authenticated",
    request: {},
    response: z.object({
      user: userView,
      organization: organizationView
        .nullable()
        .meta({ description: "The active organization; null when `refusal` says why not." }),
      role: z.string().nullable(),
      refusal: z
        .string()
        .nullable()
        .meta({ description: "The code by which everything is refused that needs rights there." }),
    }),
    success: 200,
    errors: [],
  }),
  permissions: operation({
    id: "auth.permissions",
    method: "GET",
    path: "/auth/permissions",
    summary: "What the caller may do in the active organization",
    permission: "authenticated",
    request: {},
    response: z.object({ role: z.string().nullable(), grants: z.array(z.string()), permissions: z.array(z.string()) }),
    success: 200,
    errors: [],
  }),
  listMyOrganizations: operation({
    id: "auth.list_my_organizations",
    method: "GET",
    path: "/auth/me/organizations",
    summary: "Organizations the caller belongs to",
    permission: "authenticated",
    request: { query: z.strictObject(pageQuery) },
    response: pageOf(
      z.object({
        id: idSchema("organization"),
        name: z.string(),
        slug: z.string(),
        status: z.string(),
        erase_at: z.string().nullable().meta({ description: "Of a deleted one: until when an owner can restore it." }),
        role: z.string(),
        membership_status: z.string(),
        joined_via: z.string(),
        joined_at: z.string(),
        default: z.boolean(),
      }),
    ),
    success: 200,
    errors: [],
  }),
  switchOrganization: operation({
    id: "auth.switch_organization",
    method: "POST",
    path: "/auth/me/switch-org",
    summary: "Choose the default organization",
    description: "Requests without an `Organization-Id` header act in it from the next request on, in every session.",
    permission: "authenticated",
    request: { body: z.strictObject({ organization_id: idSchema("organization") }) },
    response: z.object({ user: userView, organization: organizationView, role: z.string() }),
    success: 200,
    errors: ["reference_not_found"],
  }),
  changePassword: operation({
    id: "auth.change_password",
    method: "POST",
    path: "/auth/me/password",
    summary: "Change the password",
    description: "Ends every other session of the user. While it is under way nobody signs in to the account.",
    permission: "authenticated",
    request: { body: z.strictObject({ current_password: triedPasswordSchema, new_password: passwordSchema }) },
    response: "none",
    success: 204,
    errors: ["invalid_credentials", "weak_password"],
    rate_class: "sign_in",
    outside_effect: true,
  }),
  forgotPassword: operation({
    id: "auth.forgot_password",
    method: "POST",
    path: "/auth/forgot-password",
    summary: "Ask for a password reset by mail",
    description:
      "The answer is the same whether the address has an account or not. Somebody without a password, who came through a sign-in provider or a directory, chooses one by the same mail.",
    permission: "public",
    request: { body: z.strictObject({ email: emailSchema }) },
    response: z.object({ message: z.string() }),
    success: 202,
    errors: [],
    location: "/auth/reset-password",
  }),
  resetPassword: operation({
    id: "auth.reset_password",
    method: "POST",
    path: "/auth/reset-password",
    summary: "Set a new password with the token from the mail",
    description:
      "The token works once, for one hour; a refused password does not spend it. All sessions of the user end. Who had no password has one from then on.",
    permission: "public",
    request: { body: z.strictObject({ token: z.string().min(1).max(200), new_password: passwordSchema }) },
    response: "none",
    success: 204,
    errors: ["invalid_credentials", "weak_password", "conflict"],
    outside_effect: true,
  }),
  ...emailOperations,
  ...sessionOperations,
  ...mfaOperations,
} as const;
