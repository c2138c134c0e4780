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
