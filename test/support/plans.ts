import { organizationItem } from "../../shared/identity/items.ts";
import { type Company, registerCompany } from "./api.ts";
import { stackTable } from "./stack.ts";

/** A company on the largest plan: with room for many, and for many requests a minute. */
export async function roomyCompany(): Promise<Company> {
  const company = await registerCompany();
  const tenant = stackTable().of(company.organization_id);
  await tenant.transact([tenant.writes.update(organizationItem, {}, { set: { plan: "enterprise" } })]);
  return company;
}
