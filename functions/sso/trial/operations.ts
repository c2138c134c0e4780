import * as z from "zod";
import { operation } from "../../../shared/http/operation.ts";
import { idSchema } from "../../../shared/ids.ts";
import { askedSchema } from "../asked/operations.ts";
import { trialResultSchema } from "../model.ts";
import { connectionResource, trialResource } from "../store.ts";

const sso_connection_id = idSchema("sso_connection");
const sso_trial_id = idSchema("sso_sign_in");

/** Administrators see what would come of a sign-in, before anybody signs in. */
export const trialOperations = {
  askTrial: operation({
    id: "sso.ask_trial",
    method: "POST",
    path: "/sso/connections/{sso_connection_id}/trials",
    summary: "Try a connected sign-in provider",
    description:
      "The browser opens `url`, signs in at the provider, and comes to a page that shows what the provider said and what a sign-in would have made of it. Nobody is signed in, and nothing is made. Works with a connection that is turned off, too.",
    permission: "sso:update",
    resource: connectionResource,
    request: { path: z.object({ sso_connection_id }) },
    response: askedSchema.extend({ id: sso_trial_id }),
    success: 201,
    errors: ["conflict"],
    sensitive: true,
    served_by: "members",
  }),
  getTrial: operation({
    id: "sso.get_trial",
    method: "GET",
    path: "/sso/connections/{sso_connection_id}/trials/{sso_trial_id}",
    summary: "What came of a trial",
    description: "For the session that has asked for it, for an hour.",
    permission: "sso:update",
    resource: trialResource,
    request: { path: z.object({ sso_connection_id, sso_trial_id }) },
    response: z
      .object({
        id: sso_trial_id,
        status: z.enum(["waiting", "done"]).meta({ id: "SsoTrialStatus" }),
        result: trialResultSchema.nullable(),
        expires_at: z.string(),
      })
      .meta({ id: "SsoTrial", description: "A trial of a connection." }),
    success: 200,
    errors: [],
    served_by: "members",
  }),
} as const;
