import { expect, it } from "vitest";
import type * as z from "zod";
import type { operations as approvals } from "../../../functions/approvals/operations.ts";
import type { operations as auth } from "../../../functions/auth/operations.ts";
import type { operations as domains } from "../../../functions/domains/operations.ts";
import type { operations as invitations } from "../../../functions/invitations/operations.ts";
import { allOperations } from "../../../functions/operations.ts";
import type { operations as operators } from "../../../functions/operators/operations.ts";
import type { operations as organizations } from "../../../functions/organizations/operations.ts";
import type { operations as sso } from "../../../functions/sso/operations.ts";
import { type Answers, calls } from "../../../pages/calls.ts";

type Each<Room> = Room[keyof Room];
type Served =
  | Each<typeof approvals>
  | Each<typeof auth>
  | Each<typeof sso>
  | Each<typeof domains>
  | Each<typeof invitations>
  | Each<typeof operators>
  | Each<typeof organizations>;
type Given<Id> = Extract<Served, { id: Id }>["response"] extends infer R
  ? R extends z.ZodType
    ? z.output<R>
    : undefined
  : never;

/** `true` where what the operation answers is what the pages take it for. */
type Held = { [Id in keyof Answers]: Given<Id> extends Answers[Id] ? true : false };

/** Does not compile where one is false, or missing. */
const held: { [Id in keyof typeof calls]: Held[Id] & true } = Object.fromEntries(
  Object.keys(calls).map((id) => [id, true]),
) as Held;

it.each(Object.keys(held) as (keyof typeof calls)[])("%s is an operation, where the pages look for it", (id) => {
  const found = allOperations.find(({ operation }) => operation.id === id)?.operation;
  expect(`${found?.method} ${found?.path}`).toBe(calls[id]);
});
