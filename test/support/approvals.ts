import { randomBytes } from "node:crypto";
import { linkToken } from "../../functions/approvals/links/make.ts";
import { type Approval, type ApprovalRequest, requestApproval } from "../../functions/approvals/public.ts";
import { newId } from "../../shared/ids.ts";
import type { Company } from "./api.ts";
import { stackPlatform, stackTable } from "./stack.ts";

/** An approval that waits, as a step of a run would ask for it; what is asked of the run itself finds none. */
export async function pendingApproval(
  { organization_id, user_id }: Pick<Company, "organization_id" | "user_id">,
  more: Partial<ApprovalRequest> = {},
) {
  const at = new Date();
  const own = stackTable().of(organization_id);
  const { approval, writes } = await requestApproval(
    own,
    {
      title: "Publish",
      message: null,
      run_id: newId("run", at),
      node_id: "approve",
      attempt: 1,
      pipeline_id: newId("pipeline", at),
      pipeline_name: "Answers",
      requested_by: { type: "user", id: user_id },
      approvers: {},
      required: 1,
      allow_self: false,
      on_expiry: "fail",
      expires_in_seconds: 3_600,
      payload: { inline: '{"text":"Hello"}' },
      audit_days: 400,
      trace_id: newId("request", at),
      kept_until: new Date(at.getTime() + 86_400_000).toISOString(),
      ...more,
    },
    at,
  );
  await own.transact(writes);
  return approval;
}

/** The token of an approver's link, as the mail function makes it; tests that are not about mail do not wait for one. */
export const approvalLink = (
  { organization_id }: Pick<Company, "organization_id">,
  approval: Approval,
  user_id: string,
) =>
  linkToken(stackTable().of(organization_id), approval, user_id, {
    secrets: stackPlatform().secrets,
    randomSecret: () => randomBytes(32).toString("base64url"),
  });
