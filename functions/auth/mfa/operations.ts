import * as z from "zod";
import { operation } from "../../../shared/http/operation.ts";
import { idSchema } from "../../../shared/ids.ts";
import { memberResource } from "../../users/public.ts";
import { codeSchema, deviceTokenSchema, signedInSchema } from "../model.ts";

/** The second factor: turning it on and off, and signing in with it. */
export const mfaOperations = {
  loginMfa: operation({
    id: "auth.login_mfa",
    method: "POST",
    path: "/auth/login/mfa",
    summary: "Finish a sign-in with the second factor",
    description:
      "With the challenge of `POST /auth/login`, which works once, for ten minutes, and a code. A code works once. After five wrong ones the account waits longer and longer.",
    permission: "public",
    request: {
      body: z.strictObject({
        challenge: z.string().min(1).max(200),
        code: codeSchema,
        device_token: deviceTokenSchema.optional(),
      }),
    },
    response: signedInSchema,
    success: 200,
    errors: ["invalid_credentials", "conflict"],
    sensitive: true,
  }),
  getMfa: operation({
    id: "auth.get_mfa",
    method: "GET",
    path: "/auth/me/mfa",
    summary: "Whether the caller has a second factor",
    permission: "authenticated",
    request: {},
    response: z.object({
      enabled: z.boolean(),
      enabled_at: z.string().nullable(),
      recovery_codes_left: z.int(),
    }),
    success: 200,
    errors: [],
  }),
  enrolTotp: operation({
    id: "auth.enrol_totp",
    method: "POST",
    path: "/auth/me/mfa/totp",
    summary: "Begin a second factor with an authenticator app",
    description:
      "The secret is shown once, as text and as the address that apps read as a QR code. It counts once `POST /auth/me/mfa/totp/activate` brings a code of it, within 15 minutes.",
    permission: "authenticated",
    request: {},
    response: z.object({ secret: z.string(), otpauth_uri: z.string(), expires_at: z.string() }),
    success: 201,
    errors: ["conflict"],
    sensitive: true,
    location: "/auth/me/mfa",
    step_up: 10,
  }),
  activateTotp: operation({
    id: "auth.activate_totp",
    method: "POST",
    path: "/auth/me/mfa/totp/activate",
    summary: "Turn the second factor on",
    description:
      "Signing in with the password takes a code from then on, and every other session ends. The recovery codes are shown once; each works once in place of the app.",
    permission: "authenticated",
    request: {
      body: z.strictObject({
        code: z
          .string()
          .trim()
          .regex(/^\d{6}$/, "must be six digits")
          .meta({ example: "123456" }),
      }),
    },
    response: z.object({ recovery_codes: z.array(z.string()) }),
    success: 200,
    errors: ["invalid_credentials", "conflict"],
    rate_class: "sign_in",
    sensitive: true,
    step_up: 10,
  }),
  renewRecoveryCodes: operation({
    id: "auth.renew_recovery_codes",
    method: "POST",
    path: "/auth/me/mfa/recovery-codes",
    summary: "Make new recovery codes",
    description: "The old ones work no more.",
    permission: "authenticated",
    request: {},
    response: z.object({ recovery_codes: z.array(z.string()) }),
    success: 200,
    errors: ["conflict"],
    sensitive: true,
    step_up: 10,
  }),
  disableMfa: operation({
    id: "auth.disable_mfa",
    method: "DELETE",
    path: "/auth/me/mfa",
    summary: "Turn the second factor off",
    description: "Every other session ends. An organization that asks for a second factor lets the user in no more.",
    permission: "authenticated",
    request: {},
    response: "none",
    success: 204,
    errors: ["conflict"],
    step_up: 10,
  }),
  resetMfa: operation({
    id: "auth.reset_mfa",
    method: "POST",
    path: "/auth/users/{user_id}/mfa/reset",
    summary: "Turn a member's second factor off",
    description:
      "For a member who has lost the app and the recovery codes. All the member's sessions end, and a mail tells them. Only of a member who belongs to no other organization: an account is the person's in all of them (409 otherwise). Nobody touches somebody whose role grants more than their own.",
    permission: "users:update",
    resource: memberResource,
    request: { path: z.object({ user_id: idSchema("user") }) },
    response: "none",
    success: 204,
    errors: ["conflict"],
    step_up: 10,
  }),
} as const;
