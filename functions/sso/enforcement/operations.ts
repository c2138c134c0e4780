import * as z from "zod";
import { operation } from "../../../shared/http/operation.ts";
import { idSchema } from "../../../shared/ids.ts";
import { organizationResource } from "../../organizations/public.ts";

const path = z.object({ organization_id: idSchema("organization") });
const about = { resource: organizationResource, request: { path } } as const;

const enforcementSchema = z
  .object({
    organization_id: idSchema("organization"),
    enforced: z.boolean(),
    break_glass_user_id: idSchema("user")
      .nullable()
      .meta({ description: "The one owner who still signs in with password and second factor." }),
  })
  .meta({ id: "SsoEnforcement", description: "Whether members sign in through a provider only." });

/** Whether members of an organization sign in through its providers only. */
export const enforcementOperations = {
  getEnforcement: operation({
    id: "sso.get_enforcement",
    method: "GET",
    path: "/organizations/{organization_id}/sso-enforcement",
    summary: "Whether members sign in through a provider only",
    permission: "sso:read",
    ...about,
    response: enforcementSchema,
    success: 200,
    errors: [],
    served_by: "members",
  }),
  enforce: operation({
    id: "sso.enforce",
    method: "PUT",
    path: "/organizations/{organization_id}/sso-enforcement",
    summary: "Let members sign in through a provider only",
    description:
      "From the next request on nobody acts in the organization who has signed in with a password, but for the one owner who is named here: with a second factor, and each such sign-in is mailed to the other owners. Needs an active connection through which somebody has signed in, and a caller who stays in. Naming another owner moves it; who is named cannot be demoted, suspended or removed, and the last such connection cannot be turned off or deleted.",
    permission: "sso:update",
    resource: organizationResource,
    request: { path, body: z.strictObject({ break_glass_user_id: idSchema("user") }) },
    response: enforcementSchema,
    success: 200,
    errors: ["conflict", "precondition_failed", "reference_not_found"],
    served_by: "members",
    step_up: 10,
  }),
  endEnforcement: operation({
    id: "sso.end_enforcement",
    method: "DELETE",
    path: "/organizations/{organization_id}/sso-enforcement",
    summary: "Let members sign in with passwords again",
    permission: "sso:update",
    ...about,
    response: "none",
    success: 204,
    errors: ["conflict", "precondition_failed"],
    served_by: "members",
    step_up: 10,
  }),
} as const;
