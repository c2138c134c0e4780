import * as z from "zod";
import { operation } from "../../shared/http/operation.ts";
import { pageOf, pageQuery } from "../../shared/http/schemas.ts";
import { idSchema } from "../../shared/ids.ts";
import { approvalStatusSchema, approvalSummaryView, approvalView, COMMENT, decisionSchema } from "./model.ts";
import { approvalResource } from "./store.ts";

const path = z.object({ approval_id: idSchema("approval") });
/** Who acts is named by the link: a request may come from anybody who has it. */
const token = z.string().min(1).max(200).meta({ description: "From the link in the mail.", format: "password" });
const comment = z.string().trim().min(1).max(COMMENT).meta({ example: "Checked with the customer." });

export const operations = {
  list: operation({
    id: "approvals.list",
    method: "GET",
    path: "/approvals",
    summary: "Approvals, the newest first",
    description: "`status=pending` is the inbox; `may_decide` says which of them wait for the caller.",
    permission: "approvals:read",
    resource: { type: "approval", list: true },
    request: {
      query: z
        .strictObject({
          ...pageQuery,
          status: approvalStatusSchema.optional(),
          run_id: idSchema("run").optional(),
        })
        .refine(({ status, run_id }) => status === undefined || run_id === undefined, {
          error: "filter by status or by run_id",
          path: ["run_id"],
        }),
    },
    response: pageOf(approvalSummaryView),
    success: 200,
    errors: [],
  }),
  get: operation({
    id: "approvals.get",
    method: "GET",
    path: "/approvals/{approval_id}",
    summary: "Read an approval with what it is about",
    permission: "approvals:read",
    resource: approvalResource,
    request: { path },
    response: approvalView,
    success: 200,
    errors: [],
  }),
  approve: operation({
    id: "approvals.approve",
    method: "POST",
    path: "/approvals/{approval_id}/approve",
    summary: "Approve",
    description:
      "Counts once for each approver. When as many have approved as it takes, the run goes on by the handle `approved`. Who started the run may not decide, unless the step allows it.",
    permission: "approvals:decide",
    resource: approvalResource,
    request: { path, body: z.strictObject({ comment: comment.optional() }).default({}) },
    response: approvalView,
    success: 200,
    errors: ["conflict"],
  }),
  reject: operation({
    id: "approvals.reject",
    method: "POST",
    path: "/approvals/{approval_id}/reject",
    summary: "Reject, and say why",
    description:
      "One rejection is enough: the run goes on by the handle `rejected`, or fails as `approval_rejected` where nothing is connected to that.",
    permission: "approvals:decide",
    resource: approvalResource,
    request: { path, body: z.strictObject({ comment }) },
    response: approvalView,
    success: 200,
    errors: ["conflict"],
  }),
  lookUp: operation({
    id: "approvals.look_up",
    method: "POST",
    path: "/approvals/look-up",
    summary: "What an approval's link is about",
    description:
      "For the page that the link in a mail leads to. Decides nothing. Where the organization's security settings ask for more than a link (a second factor, its provider, its networks) the answer is 403: sign in, and use `GET /approvals/{approval_id}`.",
    permission: "public",
    request: { body: z.strictObject({ token }) },
    response: approvalView
      .extend({
        organization_name: z.string(),
        email: z.string().meta({ description: "Whom the link was mailed to, and who decides by it." }),
      })
      .meta({ id: "LinkedApproval", description: "An approval, for the one approver whom a link belongs to." }),
    success: 200,
    errors: ["not_found", "sign_in_required", "address_not_allowed"],
    sensitive: true,
  }),
  decideByLink: operation({
    id: "approvals.decide_by_link",
    method: "POST",
    path: "/approvals/decide-by-link",
    summary: "Decide by the link in a mail",
    description:
      "As the approver whom it was mailed to, with the rights that they have now. The link works once, until the approval ends.",
    permission: "public",
    request: {
      body: z
        .strictObject({ token, decision: decisionSchema.shape.decision, comment: comment.optional() })
        .refine((body) => body.decision === "approved" || body.comment !== undefined, {
          error: "is needed to reject: say why",
          path: ["comment"],
        }),
    },
    response: approvalView,
    success: 200,
    errors: ["not_found", "sign_in_required", "address_not_allowed"],
    sensitive: true,
  }),
} as const;
