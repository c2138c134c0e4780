import * as z from "zod";
import { operation } from "../../shared/http/operation.ts";
import { nameSchema } from "../../shared/http/schemas.ts";
import { idSchema } from "../../shared/ids.ts";
import { workspaceSchema } from "../workspaces/model.ts";
import { erasureSchema } from "./erasure/model.ts";
import { organizationView, slugSchema } from "./model.ts";
import { settingsChange, settingsView } from "./settings/model.ts";
import { organizationResource } from "./store.ts";
import { formerRoleSchema, transferSchema } from "./transfer/model.ts";

const path = z.object({ organization_id: idSchema("organization") });

export const operations = {
  create: operation({
    id: "organizations.create",
    method: "POST",
    path: "/organizations",
    summary: "Found another organization",
    description:
      "The caller is its owner and works in it with the header `Organization-Id` or by `POST /auth/me/switch-org`. A user founds at most five on the free plan.",
    permission: "authenticated",
    request: {
      body: z.strictObject({
        name: nameSchema,
        slug: slugSchema.optional().meta({ description: "Derived from the name when it is left out." }),
      }),
    },
    response: z.object({ organization: organizationView, workspace: workspaceSchema }),
    success: 201,
    errors: ["already_exists", "quota_exceeded"],
    location: "/auth/me/organizations",
  }),
  get: operation({
    id: "organizations.get",
    method: "GET",
    path: "/organizations/{organization_id}",
    summary: "Read the active organization",
    description: "Only the active organization can be read; `GET /auth/me/organizations` lists the caller's.",
    permission: "organizations:read",
    resource: organizationResource,
    request: { path },
    response: organizationView,
    success: 200,
    errors: [],
  }),
  update: operation({
    id: "organizations.update",
    method: "PATCH",
    path: "/organizations/{organization_id}",
    summary: "Change the organization's name or slug",
    description: "A slug that was given up stays reserved for the organization for 30 days.",
    permission: "organizations:update",
    resource: organizationResource,
    request: {
      path,
      body: z
        .strictObject({ name: nameSchema, slug: slugSchema })
        .partial()
        .refine((body) => Object.keys(body).length > 0, "names nothing to change"),
    },
    response: organizationView,
    success: 200,
    errors: ["already_exists", "precondition_failed", "conflict"],
  }),
  getSettings: operation({
    id: "organizations.get_settings",
    method: "GET",
    path: "/organizations/{organization_id}/settings",
    summary: "Read the organization's settings",
    permission: "settings:read",
    resource: organizationResource,
    request: { path },
    response: settingsView,
    success: 200,
    errors: [],
  }),
  updateSettings: operation({
    id: "organizations.update_settings",
    method: "PATCH",
    path: "/organizations/{organization_id}/settings",
    summary: "Change the organization's settings, key by key",
    description:
      "Changes what is named and leaves the rest; null gives a key back to the plan. For how long things are kept holds for what is written from then on: what is there already keeps its end. The plan says which numbers may be set; runs are kept for 7, 30, 90 or 400 days. Security settings are judged on the next request of everybody; a change that would lock out whoever makes it is refused (409).",
    permission: "settings:update",
    resource: organizationResource,
    request: { path, body: settingsChange.refine((body) => Object.keys(body).length > 0, "names nothing to change") },
    response: settingsView,
    success: 200,
    errors: ["precondition_failed", "conflict"],
    // Who shortens how long evidence is kept, or opens the doors, has just proved who they are.
    step_up: 30,
  }),
  remove: operation({
    id: "organizations.delete",
    method: "DELETE",
    path: "/organizations/{organization_id}",
    summary: "Delete the organization",
    description:
      "Everybody is refused in it from the next request on, what runs is stopped, and nothing is delivered. For 30 days an owner can restore it (`POST …/restore`); then it is erased, and a signed certificate tells of what was.",
    permission: "organizations:delete",
    resource: organizationResource,
    request: {
      path,
      query: z.strictObject({
        confirm: z.string().max(63).optional().meta({ description: "The organization's slug, to confirm it." }),
      }),
    },
    response: organizationView,
    success: 202,
    errors: ["conflict", "precondition_failed"],
    location: "/auth/me/organizations",
    step_up: 10,
  }),
  restore: operation({
    id: "organizations.restore",
    method: "POST",
    path: "/organizations/{organization_id}/restore",
    summary: "Restore a deleted organization",
    description:
      "By an owner, until it is erased. One that was suspended when it was deleted is suspended again; only a platform operator takes that back.",
    permission: "authenticated",
    request: { path },
    response: organizationView,
    success: 200,
    errors: ["conflict", "forbidden"],
    step_up: 10,
  }),
  getErasure: operation({
    id: "organizations.get_erasure",
    method: "GET",
    path: "/organizations/{organization_id}/erasure",
    summary: "The erasure of an organization, with its certificate",
    description:
      "For whoever owned it at its end, once nobody has restored it in time. The certificate is checked without us: with openssl, the public key verifies the signature of the statement.",
    permission: "authenticated",
    request: { path },
    response: erasureSchema,
    success: 200,
    errors: [],
  }),
  askTransfer: operation({
    id: "organizations.ask_transfer",
    method: "POST",
    path: "/organizations/{organization_id}/transfer",
    summary: "Ask a member to take the organization over",
    description:
      "The member is mailed and has seven days to answer. When they accept, they are an owner and whoever asked has the role `former_role`, both at once. One transfer waits at a time.",
    permission: "organizations:transfer",
    resource: organizationResource,
    request: {
      path,
      body: z.strictObject({ user_id: idSchema("user"), former_role: formerRoleSchema.default("org_admin") }),
    },
    response: transferSchema,
    success: 201,
    errors: ["conflict", "reference_not_found"],
    location: "/organizations/{organization_id}/transfer",
    step_up: 10,
  }),
  getTransfer: operation({
    id: "organizations.get_transfer",
    method: "GET",
    path: "/organizations/{organization_id}/transfer",
    summary: "The newest transfer of the active organization",
    description: "For whoever was asked, and whoever may hand the organization over.",
    permission: "authenticated",
    request: { path },
    response: transferSchema,
    success: 200,
    errors: [],
  }),
  withdrawTransfer: operation({
    id: "organizations.withdraw_transfer",
    method: "DELETE",
    path: "/organizations/{organization_id}/transfer",
    summary: "Withdraw a transfer that was not answered yet",
    permission: "organizations:transfer",
    resource: organizationResource,
    request: { path },
    response: "none",
    success: 204,
    errors: ["conflict"],
  }),
  acceptTransfer: operation({
    id: "organizations.accept_transfer",
    method: "POST",
    path: "/organizations/{organization_id}/transfer/accept",
    summary: "Take the active organization over",
    description: "By whoever was asked, once. Refused (409) when whoever asked is no owner any more.",
    permission: "authenticated",
    request: { path },
    response: transferSchema,
    success: 200,
    errors: ["conflict"],
    step_up: 10,
  }),
  declineTransfer: operation({
    id: "organizations.decline_transfer",
    method: "POST",
    path: "/organizations/{organization_id}/transfer/decline",
    summary: "Decline to take the active organization over",
    permission: "authenticated",
    request: { path },
    response: transferSchema,
    success: 200,
    errors: ["conflict"],
  }),
} as const;
