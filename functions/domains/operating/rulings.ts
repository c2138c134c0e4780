import { draft, type EventDraft } from "../../../shared/change/events.ts";
import type { Page, Table } from "../../../shared/dynamo/table.ts";
import type { Write } from "../../../shared/dynamo/write.ts";
import { Problem } from "../../../shared/errors.ts";
import { isGone, type Organization, organizationItem, PLATFORM } from "../../../shared/identity/items.ts";
import { domainEvents } from "../events.ts";
import type { Domain } from "../model.ts";
import { proved } from "../proving/prove.ts";
import { claimedDomainItem, domainItem, removal } from "../store.ts";

/** An organization's claim of a domain, proved or not. */
export interface Claim {
  readonly organization: Organization;
  readonly domain: Domain;
}

/** A claim as it is now; undefined for an organization that does not claim the domain. */
export async function claimOf(table: Table, domain: string, organization_id: string): Promise<Claim | undefined> {
  const claimed = await table.of(PLATFORM).get(claimedDomainItem, { domain, organization_id });
  const [one] = claimed === undefined ? [] : await claimsIn(table, [claimed]);
  return one;
}

/** A page of all claims of a domain, in the order in which the organizations were founded. */
export async function claimsOf(
  table: Table,
  domain: string,
  page: { readonly limit: number; readonly cursor?: string | undefined },
): Promise<Page<Claim>> {
  const { items, next_cursor } = await table.of(PLATFORM).page(claimedDomainItem, { of: { domain }, ...page });
  return { items: await claimsIn(table, items), next_cursor };
}

async function claimsIn(
  table: Table,
  claimed: readonly { readonly organization_id: string; readonly domain_id: string }[],
): Promise<Claim[]> {
  const [domains, organizations] = await Promise.all([
    table.batch(claimed.map((one) => table.of(one.organization_id).read(domainItem, { id: one.domain_id }))),
    table.batch(claimed.map((one) => table.of(one.organization_id).read(organizationItem, {}))),
  ]);
  return domains.flatMap((domain, i) => {
    const organization = organizations[i];
    return domain === undefined || organization === undefined ? [] : [{ domain, organization }];
  });
}

/** What an operator decides about a claim: the writes hold as long as the domain is as it was read (412 otherwise). */
export interface Ruling {
  readonly domain: Domain;
  readonly writes: readonly Write[];
  readonly event: EventDraft;
}

/**
 * An operator's word proves it, for good: no record is looked for again.
 * @throws Problem `conflict` (409) for a claim that has ended, one of a deleted organization, or where another organization
 * has proved the domain: that one is released first
 */
export function vouched(table: Table, { domain, organization }: Claim, reason: string, at: Date): Ruling {
  if (isGone(organization))
    throw new Problem("conflict", "The organization is deleted.", { members: { state: organization.status } });
  const move = proved(table, domain, "operator", undefined, at);
  const event = { ...move.event, data: { ...move.event.data, reason }, reason };
  return { domain: move.domain, writes: move.writes, event };
}

/**
 * A proved domain is the organization's no more: free for whoever proves it next, this one by a new claim too.
 * @throws Problem `conflict` (409) for one that is not proved
 */
export function released(table: Table, { domain }: Claim, reason: string): Ruling {
  const { id, organization_id, domain: name, status } = domain;
  if (status !== "verified")
    throw new Problem("conflict", "The organization has not proved this domain.", { members: { state: status } });
  const event = draft(
    domainEvents,
    "domain.removed",
    { id, name },
    { domain_id: id, domain: name, reason },
    { reason },
  );
  return { domain, writes: removal(table.of(organization_id), domain), event };
}
