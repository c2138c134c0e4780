import * as z from "zod";
import { commitChange, systemContext } from "../../shared/change/commit.ts";
import type { Envelope } from "../../shared/change/events.ts";
import { updateWithRetry } from "../../shared/change/update.ts";
import { addSeconds } from "../../shared/clock.ts";
import type { Due } from "../../shared/due/item.ts";
import type { TenantTable } from "../../shared/dynamo/table.ts";
import { Problem } from "../../shared/errors.ts";
import type { Platform } from "../../shared/http/platform.ts";
import { organizationItem, PLATFORM, userItem } from "../../shared/identity/items.ts";
import { auditDaysOf } from "../../shared/identity/organization.ts";
import { ownersOf } from "../../shared/identity/owners.ts";
import type { MailDeps } from "../../shared/mail/send.ts";
import { challengeOf, type Domain, FAILED_CHECK_SECONDS, MAIL_LINK_SECONDS, PENDING_CHECK_SECONDS } from "./model.ts";
import type { LookUpTxt } from "./proving/dns.ts";
import { applied } from "./proving/prove.ts";
import { seenIn, verdict } from "./proving/rules/judge.ts";
import { domainItem, linkContext } from "./store.ts";

const named = z.object({ domain_id: z.string() });
const lost = named.extend({ domain: z.string(), ends_at: z.string(), days_left: z.number() });

/** Sends what an event about a domain asks for. A second delivery sends the same mail again. */
export async function sendDomainMail(event: Envelope, deps: MailDeps): Promise<void> {
  const tenant = deps.table.of(event.organization_id);
  switch (event.type) {
    case "domain.verification_mail_requested":
      return sendLink(tenant, named.parse(event.data).domain_id, deps);
    case "domain.proof_lost":
      return warnOwners(tenant, lost.parse(event.data), deps);
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
    subject: `Does ${domain.domain} belong to ${organization.name}?`,
    lines: [
      `${organization.name} says at Kaizen Studio that the mail domain ${domain.domain} is theirs.`,
      "If that is so, people with an address of it can be let into their organization.",
      "",
      `If it is, open ${deps.app_url}/domain?token=${token} within ${MAIL_LINK_SECONDS / 3_600} hours`,
      "and confirm it there, or send the token to POST /api/v1/domains/confirm:",
      "",
      token,
      "",
      "If it is not, ignore this mail: nothing happens.",
    ],
  });
}

async function warnOwners(tenant: TenantTable, event: z.output<typeof lost>, deps: MailDeps): Promise<void> {
  const domain = await tenant.get(domainItem, { id: event.domain_id });
  if (domain === undefined || domain.lost_since === null) return;
  const { name, value } = challengeOf(domain);
  const how =
    domain.method === "email"
      ? ["It was proved by mail a year ago. Ask for another mail, or set the record"]
      : ["Its DNS record is gone. Set the record of type TXT"];
  for await (const id of ownersOf(tenant)) {
    const user = await deps.table.of(PLATFORM).get(userItem, { id });
    if (user?.status !== "active") continue;
    await deps.send({
      to: user.email,
      subject: `The proof of ${domain.domain} is gone`,
      lines: [
        `That the mail domain ${domain.domain} is yours can no longer be seen.`,
        ...how,
        "",
        `${name}`,
        `${value}`,
        "",
        `until ${event.ends_at.slice(0, 10)}: that is ${event.days_left} days from now. From then on it counts as`,
        "proved no more, and nobody joins your organization by an address of it until the proof is back.",
      ],
    });
  }
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
