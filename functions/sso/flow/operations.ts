import * as z from "zod";
import { operation } from "../../../shared/http/operation.ts";
import { emailSchema } from "../../../shared/http/schemas.ts";
import { platformProviderSchema } from "../../../shared/identity/platform-providers.ts";
import { idSchema } from "../../../shared/ids.ts";
import { deviceTokenSchema, tokensSchema, userView } from "../../auth/model.ts";
import { beginOperations } from "../asked/operations.ts";
import { refusals } from "../model.ts";
import { appShape, provingShape } from "./model.ts";

/** What the room's `sign_in` function answers. */
export const signInOperations = {
  start: operation({
    id: "sso.start",
    method: "GET",
    path: "/sso/start",
    summary: "Begin to sign in through a provider",
    description:
      "For a browser to open. By connection, by an address whose domain a company has proved, or by one of `GET /sso/providers`; whether the person exists makes no difference. Ends at `redirect_uri` with `code` and `state`, or at a page that says why not.",
    permission: "public",
    request: {
      query: z.strictObject({
        connection_id: idSchema("sso_connection").optional(),
        email: emailSchema.optional(),
        provider: platformProviderSchema.optional(),
        joins: idSchema("organization").optional().meta({
          description: "With `provider`: the organization that somebody was invited to who has no account yet.",
        }),
        ...appShape,
      }),
    },
    response: "redirect",
    success: 302,
    errors: [],
    rate_class: "sign_in",
    served_by: "sign_in",
  }),
  listProviders: operation({
    id: "sso.list_providers",
    method: "GET",
    path: "/sso/providers",
    summary: "The providers through which anybody may sign in",
    description: "Those of the deployment itself, of no organization; what an organization takes, its settings say.",
    permission: "public",
    request: {},
    response: z.object({
      items: z.array(
        z
          .object({ id: platformProviderSchema, name: z.string().meta({ example: "Google" }) })
          .meta({ id: "SignInProvider" }),
      ),
    }),
    success: 200,
    errors: [],
    served_by: "sign_in",
  }),
  callback: operation({
    id: "sso.callback",
    method: "GET",
    path: "/sso/callback",
    summary: "Where the user pool sends people back to",
    description: "Takes the answer only from the browser in which the sign-in was begun.",
    permission: "public",
    request: {
      query: z.strictObject({
        code: z.string().max(2_000).optional(),
        state: z.string().max(200).optional(),
        error: z.string().max(200).optional(),
        error_description: z.string().max(2_000).optional(),
      }),
    },
    response: "redirect",
    success: 302,
    errors: [],
    rate_class: "sign_in",
    served_by: "sign_in",
  }),
  refused: operation({
    id: "sso.refused",
    method: "GET",
    path: "/sso/refused/{reason}",
    summary: "Why a sign-in did not succeed, as a page",
    permission: "public",
    request: { path: z.object({ reason: z.enum(Object.keys(refusals) as [keyof typeof refusals]) }) },
    response: "file",
    media_types: ["text/html; charset=utf-8"],
    success: 200,
    errors: [],
    served_by: "sign_in",
  }),
  token: operation({
    id: "sso.token",
    method: "POST",
    path: "/sso/token",
    summary: "Exchange the code of a sign-in for tokens",
    description:
      "Once, within a minute, by whoever has the verifier of the challenge with which it was begun. Keep `device_token` for the next time: the person gets a mail of sign-ins from devices that show none.",
    permission: "public",
    request: {
      body: z.strictObject({ ...provingShape, device_token: deviceTokenSchema.optional() }),
    },
    response: z.object({
      user: userView,
      tokens: tokensSchema,
      organization_id: idSchema("organization"),
      device_token: deviceTokenSchema,
    }),
    success: 200,
    errors: ["invalid_credentials", "quota_exceeded", "conflict", "already_exists"],
    sensitive: true,
    served_by: "sign_in",
  }),
  ...beginOperations,
  showTrial: operation({
    id: "sso.show_trial",
    method: "GET",
    path: "/sso/trials/{sso_trial_id}",
    summary: "What came of a trial, as a page",
    description: "For the browser in which it was made.",
    permission: "public",
    request: { path: z.object({ sso_trial_id: idSchema("sso_sign_in") }) },
    response: "file",
    media_types: ["text/html; charset=utf-8"],
    success: 200,
    errors: [],
    served_by: "sign_in",
  }),
} as const;
