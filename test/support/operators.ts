import { grantOperator } from "../../functions/operators/granting/grant.ts";
import { type Company, registerCompany } from "./api.ts";
import { enrol } from "./mfa.ts";
import { stackTable } from "./stack.ts";

/** A person with a second factor who is an operator of the platform, signed in. */
export async function newOperator(): Promise<Company> {
  const person = await registerCompany();
  await enrol(person);
  await grantOperator(stackTable(), person.email, new Date());
  return person;
}

/** An access that one operator asks for, not approved yet. */
export async function asked(
  operator: Company,
  { organization_id }: Pick<Company, "organization_id">,
  permissions?: string[],
) {
  const body = { reason: "Their pipeline hangs.", minutes: 5, ...(permissions === undefined ? {} : { permissions }) };
  const answer = await operator.call("POST", `/platform/organizations/${organization_id}/accesses`, body);
  if (answer.status !== 201) throw new Error(`no access: ${answer.status} ${answer.text}`);
  return answer.body as { readonly id: string; readonly status: string; readonly permissions: string[] };
}

/** One that another operator has approved. @returns how the operator calls in the organization by it */
export async function accessTo(
  company: Pick<Company, "organization_id">,
  operator: Company,
  approver: Company,
  permissions?: string[],
) {
  const { id } = await asked(operator, company, permissions);
  const approved = await approver.call("POST", `/platform/accesses/${id}/approve`);
  if (approved.status !== 200) throw new Error(`not approved: ${approved.status} ${approved.text}`);
  const header = { "organization-id": company.organization_id };
  return {
    id,
    call: (method: string, path: string, body?: unknown) => operator.call(method, path, body, header),
  };
}
