import * as z from "zod";
import { operatorAccessItem } from "../../shared/access/operator-access.ts";
import { commitChange, systemContext } from "../../shared/change/commit.ts";
import type { Envelope } from "../../shared/change/events.ts";
import type { Clock } from "../../shared/clock.ts";
import type { Due } from "../../shared/due/item.ts";
import type { Table } from "../../shared/dynamo/table.ts";
import { Problem } from "../../shared/errors.ts";
import { organizationItem, PLATFORM } from "../../shared/identity/items.ts";
import { auditDaysOf } from "../../shared/identity/organization.ts";
import { mailOwners } from "../../shared/mail/owners.ts";
import type { MailDeps } from "../../shared/mail/send.ts";
import { accessEvent } from "./access/events.ts";
import { overAs } from "./access/model.ts";
import { closeWrites } from "./access/store.ts";
import { accessMail } from "./mails.ts";

const told = z.object({ access_id: z.string(), first: z.boolean().default(true) });

/**
 * `operator_access.*`: mails the owners of the organization what an operator's access to it is about, at each of its steps.
 * A second delivery sends the same mails again.
 */
export async function tellOwners(event: Envelope, deps: Pick<MailDeps, "table" | "send" | "app_url">): Promise<void> {
  const { access_id, first } = told.parse(event.data);
  if (!first) return;
  const tenant = deps.table.of(event.organization_id);
  const [access, organization] = await deps.table.batch([
    deps.table.of(PLATFORM).read(operatorAccessItem, { id: access_id }),
    tenant.read(organizationItem, {}),
  ]);
  if (access === undefined || organization === undefined) return;
  const step = event.type.slice("operator_access.".length);
  await mailOwners(deps, tenant, accessMail, {
    ...{ app_url: deps.app_url, step, organization: organization.name, id: access_id },
    organization_id: organization.id,
    ...{ operator: access.asked_by.email, approver: access.approved_by?.email ?? "" },
    ...{ reason: access.reason, minutes: access.minutes, permissions: access.permissions.join(", ") },
  });
}

/**
 * `operator_access_end`: writes down that a wait for approval, or an access, is over; requests have felt it already.
 * @returns when to look again
 */
export async function endAccess(
  { tenant: id, ref }: Due,
  { table, clock }: { readonly table: Table; readonly clock: Clock },
): Promise<Date | undefined> {
  const access = await table.of(PLATFORM).get(operatorAccessItem, { id: ref });
  const over = access === undefined ? undefined : overAs(access);
  if (access === undefined || over === undefined) return undefined;
  const at = clock.now();
  if (new Date(access.ends_at) > at) return new Date(access.ends_at);
  const { access: closed, writes } = closeWrites(table, access, over, at);
  try {
    await commitChange(table, systemContext(id, "operator_access_end", at, await auditDaysOf(table.of(id))), {
      writes,
      events: [accessEvent(`operator_access.${over}`, closed)],
    });
  } catch (error) {
    // It was approved or revoked at this moment: looked at once more, where anything is left of it.
    if (!(error instanceof Problem) || error.status >= 500) throw error;
    return at;
  }
  return undefined;
}
