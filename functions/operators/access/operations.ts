import * as z from "zod";
import { givable } from "../../../shared/access/givable.ts";
import { operatorAccessStatuses } from "../../../shared/access/operator-access.ts";
import { operation } from "../../../shared/http/operation.ts";
import { pageOf, pageQuery } from "../../../shared/http/schemas.ts";
import { idSchema } from "../../../shared/ids.ts";
import { reasonSchema, STEP_UP } from "../model.ts";
import { accessUse, accessView, MOST_MINUTES } from "./model.ts";
import { accessResource } from "./store.ts";

const path = z.object({ access_id: idSchema("operator_access") });

/** What operators do about accesses. */
const byOperators = {
  askAccess: operation({
    id: "operators.ask_access",
    method: "POST",
    path: "/platform/organizations/{organization_id}/accesses",
    summary: "Ask for an access to an organization",
    description:
      "It gives nothing before another operator has approved it, within an hour. Without `permissions` it reads, and changes nothing. The organization's owners are mailed now, when it is approved, when it is first used and when it ends. One at a time.",
    permission: "operator",
    request: {
      path: z.object({ organization_id: idSchema("organization") }),
      body: z.strictObject({
        reason: reasonSchema.meta({ example: "Their pipeline hangs; ticket 4711." }),
        minutes: z.int().min(1).max(MOST_MINUTES).meta({ example: 30 }),
        permissions: z
          .array(z.enum(givable).meta({ id: "GivablePermission" }))
          .min(1)
          .max(givable.length)
          .optional()
          .meta({
            description: "All that it is to give. Left out: everything that can be read.",
            example: ["runs:read"],
          }),
      }),
    },
    response: accessView,
    success: 201,
    errors: ["conflict"],
    location: "/platform/accesses",
    step_up: STEP_UP,
  }),
  listAccesses: operation({
    id: "operators.list_accesses",
    method: "GET",
    path: "/platform/accesses",
    summary: "Accesses to organizations, newest first",
    description: "With `status=pending` those that wait for approval. One whose time is over is shown so at once.",
    permission: "operator",
    request: { query: z.strictObject({ ...pageQuery, status: z.enum(operatorAccessStatuses).optional() }) },
    response: pageOf(accessView),
    success: 200,
    errors: [],
  }),
  getAccess: operation({
    id: "operators.get_access",
    method: "GET",
    path: "/platform/accesses/{access_id}",
    summary: "Read an access to an organization",
    permission: "operator",
    request: { path },
    response: accessView,
    success: 200,
    errors: [],
  }),
  approveAccess: operation({
    id: "operators.approve_access",
    method: "POST",
    path: "/platform/accesses/{access_id}/approve",
    summary: "Approve another operator's access to an organization",
    description:
      "Its minutes begin. With the header `Organization-Id` the operator who asked does there what its permissions say. Nobody approves their own (403).",
    permission: "operator",
    request: { path },
    response: accessView,
    success: 200,
    errors: ["conflict"],
    step_up: STEP_UP,
  }),
  revokeAccess: operation({
    id: "operators.revoke_access",
    method: "POST",
    path: "/platform/accesses/{access_id}/revoke",
    summary: "End an access to an organization, or refuse it",
    description: "Felt by the next request. Any operator does it, also with one of their own.",
    permission: "operator",
    request: { path },
    response: accessView,
    success: 200,
    errors: ["conflict"],
  }),
} as const;

/** What the organization does about them. */
const byOrganizations = {
  listOperatorAccesses: operation({
    id: "operators.list_accesses_here",
    method: "GET",
    path: "/operator-accesses",
    summary: "Accesses of the platform's operators to the active organization, newest first",
    permission: "audit:read",
    resource: { type: "operator_access", list: true },
    request: { query: z.strictObject(pageQuery) },
    response: pageOf(accessView),
    success: 200,
    errors: [],
  }),
  getOperatorAccess: operation({
    id: "operators.get_access_here",
    method: "GET",
    path: "/operator-accesses/{access_id}",
    summary: "An operator's access to the active organization, with what it was used for",
    description: "Each operation with the time of its first use; every change stands in the audit trail besides.",
    permission: "audit:read",
    resource: accessResource,
    request: { path },
    response: accessView.extend({ uses: z.array(accessUse) }).meta({ id: "OperatorAccessWithUses" }),
    success: 200,
    errors: [],
  }),
  revokeOperatorAccess: operation({
    id: "operators.revoke_access_here",
    method: "POST",
    path: "/operator-accesses/{access_id}/revoke",
    summary: "End an operator's access to the active organization",
    description: "Also one that waits for approval. Felt by the operator's next request.",
    permission: "settings:update",
    resource: accessResource,
    request: { path },
    response: accessView,
    success: 200,
    errors: ["conflict"],
  }),
} as const;

export const operations = { ...byOperators, ...byOrganizations } as const;
