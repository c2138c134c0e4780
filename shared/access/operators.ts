import * as z from "zod";
import { defineItem, type ItemOf } from "../dynamo/item.ts";
import type { Table } from "../dynamo/table.ts";
import type { Write } from "../dynamo/write.ts";
import { Problem } from "../errors.ts";
import { PLATFORM, type Session } from "../identity/items.ts";
import { idSchema } from "../ids.ts";

/**
 * Platform operators: people who run the deployment. They belong to no tenant by that; it is made and taken by a command
 * with the rights of the AWS account only, never by a request.
 */
export const operatorItem = defineItem({
  type: "operator",
  summary: "A person who runs the platform; read strongly with each request to what operators do.",
  schema: z.object({ user_id: idSchema("user"), email: z.string(), granted_at: z.string() }),
  key: { pk: "OPERATOR#{user_id}", sk: "OPERATOR" },
  indexes: { gsi1: { pk: "OPERATORS", sk: "{email}" } },
});
export type Operator = ItemOf<typeof operatorItem>;

export const noOperator = (): Problem => new Problem("forbidden", "Only operators of the platform do this.");

/**
 * Refuses whoever is no operator, and one who has not signed in with a password and a second factor: what a provider says
 * is said by whoever runs it, which any organization may. @throws Problem (403)
 */
export function requireOperator(operator: Operator | undefined, session: Session | undefined): void {
  if (operator === undefined || session === undefined) throw noOperator();
  if (session.method !== "password")
    throw new Problem("sign_in_method_not_allowed", "Operators sign in with a password and a second factor.", {
      members: { methods: ["password"] },
    });
  if (!session.second_factor)
    throw new Problem("mfa_enrolment_required", "Operators have a second factor. Turn one on first.");
}

/** Proves within a transaction that a person is still an operator. */
export const operatorStands = (table: Table, user_id: string): Write =>
  table.of(PLATFORM).writes.check(operatorItem, { user_id }, { exists: true }, noOperator);
