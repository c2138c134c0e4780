import * as z from "zod";
import { addSeconds, timestamp } from "../../shared/clock.ts";
import { defineDue } from "../../shared/due/due.ts";
import { defineItem } from "../../shared/dynamo/item.ts";
import type { Table, TenantTable } from "../../shared/dynamo/table.ts";
import { lostRace, type Write } from "../../shared/dynamo/write.ts";
import { alreadyExists, notFound, Problem } from "../../shared/errors.ts";
import { defineResource } from "../../shared/http/resource.ts";
import { PLATFORM } from "../../shared/identity/items.ts";
import { idSchema } from "../../shared/ids.ts";
import { giveQuota } from "../../shared/limits/quota.ts";
import { challengeOf, type Domain, type domainView, MAILS_PER_DOMAIN, storedDomainSchema } from "./model.ts";
import { domainOwnerItem } from "./owning/store.ts";

export const domainItem = defineItem({
  type: "domain",
  summary: "A mail domain that the organization has claimed or proved.",
  schema: storedDomainSchema,
  key: { pk: "DOMAIN#{id}", sk: "DOMAIN" },
  indexes: { gsi1: { pk: "DOMAINS", sk: "{domain}" } },
});

/** The platform's, so that operators see who claims a domain. */
export const claimedDomainItem = defineItem({
  type: "claimed_domain",
  summary: "One claim of a domain for each organization, and the way from the name to all of them.",
  schema: z.object({ domain: z.string(), organization_id: idSchema("organization"), domain_id: idSchema("domain") }),
  key: { pk: "CLAIMED_DOMAIN#{domain}", sk: "{organization_id}" },
});

/** Counted for the domain over all organizations: nobody fills a stranger's mailbox by claiming their domain often. */
export const domainMailsItem = defineItem({
  type: "domain_mails",
  summary: "Mails to the mailboxes of a domain on one day (UTC), whoever has asked for them.",
  schema: z.object({ domain: z.string(), day: z.string(), count: z.int(), expires_at: z.string() }),
  key: { pk: "DOMAIN_MAILS#{domain}", sk: "{day}" },
  expires: "expires_at",
});

export const domainCheck = defineDue("domain_check");

export const domainResource = defineResource({
  type: "domain",
  path: ["domain_id"],
  item: domainItem,
  key: ({ domain_id }) => ({ id: domain_id }),
});

/** What binds the token in a mail to its domain. */
export const linkContext = ({ organization_id, id }: Pick<Domain, "organization_id" | "id">) =>
  ({ purpose: "domain_proofs", tenant: organization_id, field: `domain.${id}` }) as const;

/** A domain as the API shows it. */
export const shown = (domain: Domain): z.input<typeof domainView> => ({ ...domain, record: challengeOf(domain) });

/** Takes a name for a claim of this organization. */
export const takeName = (table: Table, { domain, organization_id, id }: Domain): Write =>
  table
    .of(PLATFORM)
    .writes.create(claimedDomainItem, { domain, organization_id, domain_id: id }, (old) =>
      alreadyExists("domain", `The organization has claimed it already: ${old?.domain_id}.`),
    );

/**
 * Makes the organization the one that has proved the domain, or says anew what follows from it.
 * @returns a write that refuses with 409 where another one has
 */
export const ownWrite = (table: Table, domain: Domain): Write => {
  const { organization_id, id, auto_join, default_role } = domain;
  return table
    .of(PLATFORM)
    .writes.put(
      domainOwnerItem,
      { domain: domain.domain, organization_id, domain_id: id, auto_join, default_role },
      { any: [{ exists: false }, { equals: { organization_id } }] },
      () => new Problem("conflict", "Another organization has proved this domain.", { members: { state: "taken" } }),
    );
};

/** Frees the domain; refused where it is not the organization's any more. */
export const disownWrite = (table: Table, { domain, organization_id }: Domain): Write =>
  table
    .of(PLATFORM)
    .writes.remove(
      domainOwnerItem,
      { domain },
      { equals: { organization_id } },
      () => new Problem("precondition_failed", "The domain has changed meanwhile. Read it again."),
    );

const DAY_MS = 86_400_000;

/** Counts one mail more to a domain's mailboxes. @returns a write that refuses with 429 */
export function mailWrite(table: Table, domain: string, at: Date): Write {
  const day = timestamp(at).slice(0, 10);
  const tomorrow = new Date(Date.parse(day) + DAY_MS);
  return table
    .of(PLATFORM)
    .writes.update(
      domainMailsItem,
      { domain, day },
      { set: { domain, day, expires_at: timestamp(addSeconds(tomorrow, 3_600)) }, add: { count: 1 } },
      { any: [{ absent: ["count"] }, { below: { count: MAILS_PER_DOMAIN } }] },
      () =>
        new Problem(
          "rate_limited",
          `${MAILS_PER_DOMAIN} mails went to this domain's mailboxes today (UTC), which is the most.`,
          { headers: { "retry-after": String(Math.ceil((tomorrow.getTime() - at.getTime()) / 1000)) } },
        ),
    );
}

/** The writes that take a domain away, as it was read: its name is free, and its owner nobody where it was this one. */
export const removal = (tenant: TenantTable, read: Domain): Write[] => [
  tenant.writes.remove(domainItem, { id: read.id }, { equals: { etag: read.etag } }, (old) =>
    old === undefined ? notFound() : lostRace(),
  ),
  tenant.table.of(PLATFORM).writes.remove(claimedDomainItem, read, { equals: { domain_id: read.id } }),
  giveQuota(tenant, "domains"),
  domainCheck.clear(tenant, read.id),
  ...(read.status === "verified" ? [disownWrite(tenant.table, read)] : []),
];
