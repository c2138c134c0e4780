import { type Operator, operatorItem } from "../../../shared/access/operators.ts";
import { commitChange, systemContext } from "../../../shared/change/commit.ts";
import { draft } from "../../../shared/change/events.ts";
import { timestamp } from "../../../shared/clock.ts";
import type { Table } from "../../../shared/dynamo/table.ts";
import { alreadyExists, notFound } from "../../../shared/errors.ts";
import { emailSchema } from "../../../shared/http/schemas.ts";
import { emailItem, PLATFORM } from "../../../shared/identity/items.ts";
import { AUDIT_DAYS } from "../../../shared/limits/retention.ts";
import { operatorEvents } from "../events.ts";

/** What the command leaves in the platform's own audit trail: whoever has the account's rights is nobody of ours. */
const context = (at: Date) => systemContext(PLATFORM, "operator_command", at, AUDIT_DAYS);

/** The user who has this address. @throws Problem `not_found` */
async function userWith(table: Table, address: string): Promise<{ readonly user_id: string; readonly email: string }> {
  const { data: email } = emailSchema.safeParse(address);
  if (email === undefined) throw notFound(`${address} is no e-mail address.`);
  const account = await table.of(PLATFORM).get(emailItem, { email });
  if (account === undefined) throw notFound(`Nobody has an account with ${email}: they register first.`);
  return account;
}

/** Makes the user of an address an operator. @throws Problem `not_found`, `already_exists` */
export async function grantOperator(table: Table, address: string, at: Date): Promise<Operator> {
  const { user_id, email } = await userWith(table, address);
  const operator: Operator = { user_id, email, granted_at: timestamp(at) };
  const already = () => alreadyExists("email", `${email} is an operator already.`);
  await commitChange(table, context(at), {
    writes: [table.of(PLATFORM).writes.create(operatorItem, operator, already)],
    events: [draft(operatorEvents, "operator.granted", { id: user_id, name: email }, { user_id })],
  });
  return operator;
}

/**
 * Takes it back: refused from the next request on. An operator who has the address now comes before one who had it when
 * they were granted. @throws Problem `not_found`
 */
export async function revokeOperator(table: Table, address: string, at: Date): Promise<Operator> {
  const email = emailSchema.safeParse(address).data ?? address.trim().toLowerCase();
  const platform = table.of(PLATFORM);
  const none = () => notFound(`${email} is no operator.`);
  const holder = await platform.get(emailItem, { email });
  const held = holder && (await platform.get(operatorItem, { user_id: holder.user_id }));
  const operator = held ?? (await listOperators(table)).find((one) => one.email === email);
  if (operator === undefined) throw none();
  const { user_id } = operator;
  await commitChange(table, context(at), {
    writes: [platform.writes.remove(operatorItem, { user_id }, { exists: true }, none)],
    events: [draft(operatorEvents, "operator.revoked", { id: user_id, name: email }, { user_id })],
  });
  return operator;
}

export async function listOperators(table: Table): Promise<Operator[]> {
  const found: Operator[] = [];
  for await (const one of table.of(PLATFORM).all(operatorItem, { index: "gsi1", of: {} })) found.push(one);
  return found;
}
