import * as z from "zod";
import { commitChange, systemContext } from "../../shared/change/commit.ts";
import type { Envelope } from "../../shared/change/events.ts";
import { updateWithRetry } from "../../shared/change/update.ts";
import { addSeconds } from "../../shared/clock.ts";
import type { Due } from "../../shared/due/item.ts";
import type { TenantTable } from "../../shared/dynamo/table.ts";
import { Problem } from "../../shared/errors.ts";
import type { Platform } from "../../shared/http/platform.ts";
import { organizationItem } from "../../shared/identity/items.ts";
import { auditDaysOf } from "../../shared/identity/organization.ts";
import { generalOf } from "../../shared/identity/settings.ts";
import { mailOwners } from "../../shared/mail/owners.ts";
import type { MailDeps } from "../../shared/mail/send.ts";
import { mailLanguage, worded } from "../../shared/mail/template.ts";
import { linkMail, proofLostMail, rulingMail } from "./mails.ts";
import { challengeOf, type Domain, FAILED_CHECK_SECONDS, MAIL_LINK_SECONDS, PENDING_CHECK_SECONDS } from "./model.ts";
import type { LookUpTxt } from "./proving/dns.ts";
import { applied } from "./proving/prove.ts";
import { seenIn, verdict } from "./proving/rules/judge.ts";
import { domainItem, linkContext } from "./store.ts";

const named = z.object({ domain_id: z.string() });
const lost = named.extend({ domain: z.string(), ends_at: z.string(), days_left: z.number() });

const ruled = z.object({ domain: z.string(), reason: z.string().default("") });

/** Sends what an event about a domain asks for. A second delivery sends the same mail again. */
export async function sendDomainMail(event: Envelope, deps: MailDeps): Promise<void> {
  const tenant = deps.table.of(event.organization_id);
  switch (event.type) {
    case "domain.verification_mail_requested":
      return sendLink(tenant, named.parse(event.data).domain_id, deps);
    case "domain.proof_lost":
      return warnOwners(tenant, lost.parse(event.data), deps);
    // Only what an operator did is news to the owners.
    case "domain.verified":
    case "domain.removed":
      return event.actor.type === "operator"
        ? mailOwners(deps, tenant, rulingMail, {
            ...ruled.parse(event.data),
            verified: event.type === "domain.verified",
          })
        : undefined;
    default:
      throw new Error(`no mail tells of ${event.type}`);
  }
}

/** The newest link to the mailbox that it was asked for, unless it is used or too old. */
async function sendLink(tenant: TenantTable, id: string, deps: MailDeps): Promise<void> {
  const [domain, organization] = await deps.table.batch([
    tenant.read(domainItem, { id }),
    tenant.read(organizationItem, {}),
  ]);
  const link = domain?.link ?? undefined;
  if (domain === undefined || link === undefined || organization?.status !== "active") return;
  if (Date.parse(link.expires_at) <= deps.clock.now().getTime()) return;
  const token = await deps.secrets.decrypt(link.sealed_token, linkContext(domain));
  await deps.send({
    to: `${link.mailbox}@${domain.domain}`,
    ...worded(linkMail, mailLanguage(generalOf(organization.settings).language), {
      ...deps,
      token,
      domain: domain.domain,
      organization: organization.name,
      hours: MAIL_LINK_SECONDS / 3_600,
    }),
  });
}

async function warnOwners(tenant: TenantTable, event: z.output<typeof lost>, deps: MailDeps): Promise<void> {
  const domain = await tenant.get(domainItem, { id: event.domain_id });
  if (domain === undefined || domain.lost_since === null) return;
  await mailOwners(deps, tenant, proofLostMail, {
    ...challengeOf(domain),
    domain: domain.domain,
    by_mail: domain.method === "email",
    ends_on: event.ends_at.slice(0, 10),
    days_left: event.days_left,
  });
}

/**
 * `domain_check`: looks for a domain's record and does what follows: proved, lost, back, or its claim ended.
 * @returns when to look again
 */
export async function checkDomain(
  { tenant: id, ref }: Due,
  { table, clock, lookUpTxt }: Pick<Platform, "table" | "clock"> & { readonly lookUpTxt: LookUpTxt },
): Promise<Date | undefined> {
  const tenant = table.of(id);
  const at = clock.now();
  const first = await tenant.get(domainItem, { id: ref });
  if (first === undefined) return undefined;
  const texts = await lookUpTxt(challengeOf(first).name);
  const context = systemContext(id, "domain_check", at, await auditDaysOf(tenant));
  return updateWithRetry(undefined, async () => {
    const read = await tenant.get(domainItem, { id: ref });
    if (read === undefined) return undefined;
    const judged = verdict(read, seenIn(read, texts), at);
    const { writes, event } = applied(table, read, judged, at);
    try {
      await (event === undefined ? table.transact(writes) : commitChange(table, context, { writes, events: [event] }));
      return judged.next;
    } catch (error) {
      if (error instanceof Problem && error.options.members?.state === "taken") return whileTaken(read, at);
      throw error;
    }
  });
}

/** Another organization has proved it: this one's record may win later, as long as its claim stands. */
function whileTaken({ status, expires_at }: Domain, at: Date): Date {
  if (status === "failed") return addSeconds(at, FAILED_CHECK_SECONDS);
  const next = addSeconds(at, PENDING_CHECK_SECONDS);
  return expires_at !== null && Date.parse(expires_at) < next.getTime() ? new Date(expires_at) : next;
}
