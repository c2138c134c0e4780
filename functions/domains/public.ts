import type { Read, Table, TenantTable } from "../../shared/dynamo/table.ts";
import type { Write } from "../../shared/dynamo/write.ts";
import type { Problem } from "../../shared/errors.ts";
import { PLATFORM } from "../../shared/identity/items.ts";
import { type DomainOwner, domainOwnerItem } from "./owning/store.ts";
import { domainItem } from "./store.ts";

/** What other rooms may use of domains. */
export { type Claim, claimOf, claimsOf, type Ruling, released, vouched } from "./operating/rulings.ts";
export type { DomainOwner } from "./owning/store.ts";

/** What is read to know which organization has proved a mail domain, whether people join it by their address and as what. */
export const readDomainOwner = (table: Table, domain: string): Read<typeof domainOwnerItem> =>
  table.of(PLATFORM).read(domainOwnerItem, { domain });

/** The same by itself: one strong read. */
export const domainOwner = (table: Table, domain: string): Promise<DomainOwner | undefined> =>
  table.of(PLATFORM).get(domainOwnerItem, { domain });

/** Whether this organization has proved this very domain; a domain above it counts for nothing. One strong read. */
export const provedDomain = async (table: Table, organization_id: string, domain: string): Promise<boolean> =>
  (await domainOwner(table, domain))?.organization_id === organization_id;

/** Proves within a transaction that a domain is still the organization's that it was read as. */
export const stillProved = (
  table: Table,
  { domain, organization_id }: Pick<DomainOwner, "domain" | "organization_id">,
  refuse: () => Problem,
): Write => table.of(PLATFORM).writes.check(domainOwnerItem, { domain }, { equals: { organization_id } }, refuse);

/** Proves within a transaction that people still join by the domain as it was read. */
export const stillJoins = (table: Table, read: DomainOwner, refuse: () => Problem): Write => {
  const { domain, organization_id, default_role } = read;
  return table
    .of(PLATFORM)
    .writes.check(domainOwnerItem, { domain }, { equals: { organization_id, default_role, auto_join: true } }, refuse);
};

/** Ids of the organization's domains by which people would join with this role; an index shows a new one a moment late. */
export async function* domainsGiving(tenant: TenantTable, role: string): AsyncGenerator<string> {
  for await (const one of tenant.all(domainItem, { index: "gsi1", of: {} }))
    if (one.default_role === role) yield one.id;
}
