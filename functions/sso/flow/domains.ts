import type { Table } from "../../../shared/dynamo/table.ts";
import { domainOwner as ownerOf } from "../../domains/public.ts";

/** The organization that has proved a mail domain, and the role of those whom the domain lets in by itself, if any. */
export interface ProvedDomain {
  readonly organization_id: string;
  readonly auto_join_role: string | null;
}

/** Who has proved a mail domain; undefined where nobody has. */
export type DomainOwner = (table: Table, domain: string) => Promise<ProvedDomain | undefined>;

export const domainOwner: DomainOwner = async (table, domain) => {
  const owner = await ownerOf(table, domain);
  return (
    owner && { organization_id: owner.organization_id, auto_join_role: owner.auto_join ? owner.default_role : null }
  );
};
