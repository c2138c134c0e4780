import * as z from "zod";
import { operation } from "../../shared/http/operation.ts";
import { pageOf, pageQuery } from "../../shared/http/schemas.ts";
import { idSchema } from "../../shared/ids.ts";
import { approvalStatusSchema, approvalSummaryView, approvalView, COMMENT } from "./model.ts";
import { approvalResource } from "./store.ts";

const path = z.object({ approval_id: idSchema("approval") });
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
} as const;
