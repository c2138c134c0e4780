import * as z from "zod";
import { operation } from "../../shared/http/operation.ts";
import { organizationSchema } from "../../shared/identity/items.ts";
import { idSchema } from "../../shared/ids.ts";
import { organizationView } from "../organizations/model.ts";

const path = z.object({ organization_id: idSchema("organization") });
/** Minutes within which a factor was proved. */
const STEP_UP = 10;

const onOne = {
  permission: "operator",
  response: organizationView,
  success: 200,
} as const;

export const operations = {
  getOrganization: operation({
    ...onOne,
    id: "operators.get_organization",
    method: "GET",
    path: "/platform/organizations/{organization_id}",
    summary: "Read an organization's own record",
    description: "Nothing of what it holds.",
    request: { path },
    errors: [],
  }),
  suspendOrganization: operation({
    ...onOne,
    id: "operators.suspend_organization",
    method: "POST",
    path: "/platform/organizations/{organization_id}/suspend",
    summary: "Suspend an organization",
    description:
      "All its requests are refused from the next one on, and background work stops or waits. Its audit trail has it, with the reason.",
    request: {
      path,
      body: z.strictObject({ reason: z.string().trim().min(1).max(500).meta({ example: "Unpaid since March." }) }),
    },
    errors: ["conflict"],
    step_up: STEP_UP,
  }),
  restoreOrganization: operation({
    ...onOne,
    id: "operators.restore_organization",
    method: "POST",
    path: "/platform/organizations/{organization_id}/restore",
    summary: "Take a suspension or a deletion back",
    description: "One that was suspended when it was deleted is suspended again.",
    request: { path },
    errors: ["conflict"],
    step_up: STEP_UP,
  }),
  setPlan: operation({
    ...onOne,
    id: "operators.set_plan",
    method: "PUT",
    path: "/platform/organizations/{organization_id}/plan",
    summary: "Put an organization on a plan",
    description: "Its limits count from the next request on. What it has beyond a smaller plan stays.",
    request: { path, body: z.strictObject({ plan: organizationSchema.shape.plan }) },
    errors: ["conflict"],
    step_up: STEP_UP,
  }),
} as const;
