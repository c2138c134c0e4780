import { requestApproval } from "../../functions/approvals/public.ts";
import { formatToken } from "../../functions/approvals/rules/token.ts";
import { approvalItem, approvalLinkItem } from "../../functions/approvals/store.ts";
import { sha256 } from "../../shared/hash.ts";
import { newId } from "../../shared/ids.ts";
import { PAGE, type Scenario, type Scene } from "./scene.ts";
import type { Tenant } from "./world.ts";

const SECRET = "a".repeat(43);
/** As many at once as a transaction takes without trouble. */
const AT_ONCE = 25;

/** What waits for the owner: two for those who have signed in, one by a link, and so many more. */
export async function askOwner(
  { owner, table }: Tenant,
  count: number,
): Promise<Pick<Scene, "approvals" | "approval_link">> {
  const { organization_id, user_id } = owner;
  const own = table.of(organization_id);
  const ask = () => {
    const at = new Date();
    const request = {
      title: "Publish",
      message: "Shall this answer go to the customer?",
      run_id: newId("run", at),
      node_id: "approve",
      attempt: 1,
      pipeline_id: newId("pipeline", at),
      pipeline_name: "Letters",
      requested_by: { type: "user", id: user_id } as const,
      approvers: {},
      required: 1,
      allow_self: true,
      on_expiry: "fail" as const,
      expires_in_seconds: 86_400,
      payload: { inline: '{"text":"Hello"}' },
      audit_days: 400,
      trace_id: newId("request", at),
      kept_until: new Date(at.getTime() + 30 * 86_400_000).toISOString(),
    };
    return requestApproval(own, request, at);
  };
  const asked = await Promise.all([ask(), ask(), ask()]);
  for (const { writes } of asked) await own.transact(writes);
  const [one, two, third] = asked.map(({ approval }) => approval.id);
  const [{ approval } = await ask()] = asked;
  for (let made = 0; made < count; made += AT_ONCE)
    await own.transact(
      Array.from({ length: Math.min(AT_ONCE, count - made) }, () =>
        own.writes.create(approvalItem, { ...approval, id: newId("approval", new Date()) }),
      ),
    );
  const link = {
    approval_id: third ?? "",
    user_id,
    secret_hash: sha256(SECRET),
    sealed_token: "",
    expires_at: approval.expires_at,
  };
  await own.transact([own.writes.create(approvalLinkItem, link)]);
  return {
    approvals: [one ?? "", two ?? ""],
    approval_link: formatToken(organization_id, link.approval_id, user_id, SECRET),
  };
}

export const approvalRows: readonly Scenario[] = [
  { id: "approvals.list", method: "GET", path: () => `/approvals?status=pending&${PAGE}` },
  { id: "approvals.get", method: "GET", path: (s) => `/approvals/${s.approvals[0]}` },
  { id: "approvals.approve", method: "POST", path: (s) => `/approvals/${s.approvals[0]}/approve`, body: () => ({}) },
  {
    id: "approvals.reject",
    method: "POST",
    path: (s) => `/approvals/${s.approvals[1]}/reject`,
    body: () => ({ comment: "Too loud." }),
  },
  {
    id: "approvals.look_up",
    method: "POST",
    path: () => "/approvals/look-up",
    body: (s) => ({ token: s.approval_link }),
  },
  {
    id: "approvals.decide_by_link",
    method: "POST",
    path: () => "/approvals/decide-by-link",
    body: (s) => ({ token: s.approval_link, decision: "approved" }),
  },
];
