import * as z from "zod";
import { serviceAccountStatus } from "../../../shared/access/keys/items.ts";
import { roleSchema } from "../../../shared/access/own-roles.ts";
import { operation } from "../../../shared/http/operation.ts";
import { descriptionSchema, nameSchema, pageOf, pageQuery } from "../../../shared/http/schemas.ts";
import { idSchema } from "../../../shared/ids.ts";
import { STEP_UP } from "../model.ts";
import { serviceAccountResource } from "../store.ts";
import { serviceAccountView } from "./model.ts";

const path = z.object({ service_account_id: idSchema("service_account") });

export const accountOperations = {
  createAccount: operation({
    id: "service_accounts.create",
    method: "POST",
    path: "/service-accounts",
    summary: "Make a service account",
    description:
      "Programs act as it by API keys, so that they hang on nobody who may leave. Nobody gives it a role that grants more than their own.",
    permission: "service_accounts:create",
    resource: { type: "service_account", create: true },
    request: {
      body: z.strictObject({ name: nameSchema, description: descriptionSchema.default(""), role: roleSchema }),
    },
    response: serviceAccountView,
    success: 201,
    errors: ["quota_exceeded", "reference_not_found", "conflict"],
    step_up: STEP_UP,
  }),
  listAccounts: operation({
    id: "service_accounts.list",
    method: "GET",
    path: "/service-accounts",
    summary: "List service accounts",
    permission: "service_accounts:read",
    resource: { type: "service_account", list: true },
    request: { query: z.strictObject(pageQuery) },
    response: pageOf(serviceAccountView),
    success: 200,
    errors: [],
  }),
  getAccount: operation({
    id: "service_accounts.get",
    method: "GET",
    path: "/service-accounts/{service_account_id}",
    summary: "Read a service account",
    permission: "service_accounts:read",
    resource: serviceAccountResource,
    request: { path },
    response: serviceAccountView,
    success: 200,
    errors: [],
  }),
  updateAccount: operation({
    id: "service_accounts.update",
    method: "PATCH",
    path: "/service-accounts/{service_account_id}",
    summary: "Change a service account",
    description:
      "Its keys may what its role grants from the next request on, and nothing while it is suspended. Nobody gives or takes a role that grants more than their own.",
    permission: "service_accounts:update",
    resource: serviceAccountResource,
    request: {
      path,
      body: z.strictObject({
        name: nameSchema.optional(),
        description: descriptionSchema.optional(),
        role: roleSchema.optional(),
        status: serviceAccountStatus.optional(),
      }),
    },
    response: serviceAccountView,
    success: 200,
    errors: ["conflict", "precondition_failed", "reference_not_found"],
    step_up: STEP_UP,
  }),
  removeAccount: operation({
    id: "service_accounts.delete",
    method: "DELETE",
    path: "/service-accounts/{service_account_id}",
    summary: "Delete a service account",
    description: "Its keys are refused from the next request on, and are revoked behind the answer.",
    permission: "service_accounts:delete",
    resource: serviceAccountResource,
    request: { path },
    response: "none",
    success: 204,
    errors: ["conflict", "precondition_failed"],
    step_up: STEP_UP,
  }),
} as const;
