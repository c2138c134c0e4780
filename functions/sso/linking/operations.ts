import * as z from "zod";
import { operation } from "../../../shared/http/operation.ts";
import { platformProviderSchema } from "../../../shared/identity/platform-providers.ts";
import { idSchema } from "../../../shared/ids.ts";
import { askedSchema } from "../asked/operations.ts";
import { appShape, provingShape } from "../flow/model.ts";
import { ownIdentitySchema } from "../identities/operations.ts";

/** Somebody who is signed in makes a provider of their organization another way into their account. */
export const linkingOperations = {
  askLink: operation({
    id: "sso.ask_link",
    method: "POST",
    path: "/sso/link",
    summary: "Begin to link a provider's sign-in with the caller's account",
    description:
      "Of an organization in which the caller is a member (`connection_id`), or one of `GET /sso/providers`. The browser opens `url`, signs in at the provider, and comes to `redirect_uri` with a code for `POST /sso/link/finish`; or to a page that says why not.",
    permission: "authenticated",
    request: {
      body: z.strictObject({
        connection_id: idSchema("sso_connection").optional(),
        provider: platformProviderSchema.optional(),
        ...appShape,
      }),
    },
    response: askedSchema,
    success: 201,
    errors: ["conflict", "reference_not_found"],
    location: "/sso/link",
    sensitive: true,
    served_by: "members",
    step_up: 10,
  }),
  finishLink: operation({
    id: "sso.finish_link",
    method: "POST",
    path: "/sso/link/finish",
    summary: "Link the provider's sign-in that a code proves",
    description:
      "By the session that has asked for it, once, within a minute. What belongs to another user stays theirs.",
    permission: "authenticated",
    request: { body: z.strictObject(provingShape) },
    response: ownIdentitySchema,
    success: 200,
    errors: ["invalid_credentials", "conflict", "already_exists"],
    served_by: "members",
    step_up: 10,
  }),
} as const;
