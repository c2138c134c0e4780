import * as z from "zod";
import type { Envelope } from "../../shared/change/events.ts";
import { updateWithRetry } from "../../shared/change/update.ts";
import type { Due } from "../../shared/due/item.ts";
import { type Removal, removalOf, removeAll } from "../../shared/dynamo/removals.ts";
import type { Table, TenantTable } from "../../shared/dynamo/table.ts";
import { organizationItem, PLATFORM, userItem } from "../../shared/identity/items.ts";
import { type MailDeps, mailTo } from "../../shared/mail/send.ts";
import { personIn } from "./asking/approvers.ts";
import { cancelOf, endPending } from "./ending/end.ts";
import { type LinkDeps, linkToken } from "./links/make.ts";
import { approvalMail } from "./mails.ts";
import { refusalOf, requesterOf } from "./rules/deciding.ts";
import { nextStep, stepAt } from "./rules/steps.ts";
import { escalate, remind } from "./stepping/step.ts";
import { approvalItem, approvalLinkItem } from "./store.ts";

/**
 * `approval_due`: what comes to a pending approval by itself, one after the other.
 * @returns when to look again
 */
export async function doDue({ tenant, ref }: Due, { table }: { readonly table: Table }): Promise<Date | undefined> {
  const own = table.of(tenant);
  return updateWithRetry(undefined, async () => {
    const at = table.clock.now();
    const approval = await own.get(approvalItem, { id: ref });
    if (approval?.status !== "pending") return undefined;
    switch (stepAt(approval, at)) {
      case undefined:
        return nextStep(approval);
      case "remind":
        return nextStep(await remind(own, approval, at));
      case "escalate":
        return nextStep(await escalate(own, approval, at));
      case "expire":
        await endPending(own, ref, "expired", at);
        return undefined;
    }
  });
}

const asking = z.object({ approval_id: z.string(), user_ids: z.array(z.string()).optional() });

/**
 * Mails those who are asked, with a link by which each may decide: who may decide at this moment, and has not. A second
 * delivery sends the same mails again.
 */
export async function mailApprovers(event: Envelope, deps: MailDeps & LinkDeps): Promise<void> {
  const { approval_id, user_ids } = asking.parse(event.data);
  const own = deps.table.of(event.organization_id);
  const [approval, organization] = await deps.table.batch([
    own.read(approvalItem, { id: approval_id }),
    own.read(organizationItem, {}),
  ]);
  if (approval === undefined || organization?.status !== "active") return;
  const requester = requesterOf(approval.requested_by);
  const platform = deps.table.of(PLATFORM);
  const starter = requester.type === "user" ? await platform.get(userItem, { id: requester.id }) : undefined;
  for (const user_id of user_ids ?? approval.asked) {
    const person = await personIn(own, user_id, [approval]);
    if (person === undefined || refusalOf(approval, person, deps.clock.now()) !== undefined) continue;
    const user = await platform.get(userItem, { id: user_id });
    if (user?.status !== "active") continue;
    await mailTo(deps, user, approvalMail, {
      app_url: deps.app_url,
      token: await linkToken(own, approval, user_id, deps),
      organization_id: organization.id,
      organization: organization.name,
      again: event.type === "approval.reminded",
      started_by: starter?.name ?? null,
      approval,
      until: `${approval.expires_at.slice(0, 16).replace("T", " ")} UTC`,
    });
  }
}

const ofRun = z.object({ run_id: z.string() });

/** A run is over: nobody is asked for it any more. It is deleted: its approvals go with it. */
export async function followRun(event: Envelope, { table }: { readonly table: Table }): Promise<void> {
  const own = table.of(event.organization_id);
  const { run_id } = ofRun.parse(event.data);
  if (event.type === "run.deleted") await removeAll(own, ofDeleted(own, run_id));
  else await cancelOf(own, run_id, table.clock.now());
}

async function* ofDeleted(table: TenantTable, run_id: string): AsyncGenerator<Removal> {
  for await (const approval of table.all(approvalItem, { index: "gsi2", of: { run_id } })) {
    // One that the end of the run has missed gives its place back first.
    if (approval.status === "pending") await endPending(table, approval.id, "cancelled", table.table.clock.now());
    for await (const link of table.all(approvalLinkItem, { of: { approval_id: approval.id } }))
      yield removalOf(table, approvalLinkItem, link);
    yield removalOf(table, approvalItem, approval);
  }
}
