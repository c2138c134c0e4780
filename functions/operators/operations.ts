import * as z from "zod";
import { operation } from "../../shared/http/operation.ts";
import { nameSchema, pageOf, pageQuery } from "../../shared/http/schemas.ts";
import { organizationSchema } from "../../shared/identity/items.ts";
import { idSchema } from "../../shared/ids.ts";
import { organizationEntry, organizationView } from "../organizations/model.ts";
import { operations as accessOperations } from "./access/operations.ts";
import { operations as domainOperations } from "./domains/operations.ts";
import { operations as limitOperations } from "./limits/operations.ts";
import { organizationFacts, reasonSchema, STEP_UP } from "./model.ts";

const path = z.object({ organization_id: idSchema("organization") });

const onOne = {
  permission: "operator",
  response: organizationView,
  success: 200,
} as const;

export const operations = {
  listOrganizations: operation({
    id: "operators.list_organizations",
    method: "GET",
    path: "/platform/organizations",
    summary: "All organizations of the platform",
    description:
      "Sorted by what they are found by, the name or the slug. `search` finds the beginnings of both, accents and capitals or not. A page can hold fewer than `limit`; it goes on while there is a `next_cursor`. Filtered by status or plan, a change is seen within moments. One that is erased is not there any more.",
    permission: "operator",
    request: {
      query: z.strictObject({
        ...pageQuery,
        search: nameSchema.optional().meta({ description: "What a name or a slug begins with.", example: "acme" }),
        status: organizationSchema.shape.status.optional(),
        plan: organizationSchema.shape.plan.optional(),
      }),
    },
    response: pageOf(organizationEntry),
    success: 200,
    errors: [],
  }),
  getOrganization: operation({
    ...onOne,
    id: "operators.get_organization",
    method: "GET",
    path: "/platform/organizations/{organization_id}",
    summary: "Read an organization's own record, with numbers of what it holds",
    description: "How much of each limit of its plan is used; nothing of what it holds itself.",
    request: { path },
    response: organizationFacts,
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
      body: z.strictObject({ reason: reasonSchema.meta({ example: "Unpaid since March." }) }),
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
  ...limitOperations,
  ...domainOperations,
  ...accessOperations,
} as const;
