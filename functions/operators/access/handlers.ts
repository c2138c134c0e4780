import { givable, readOnly } from "../../../shared/access/givable.ts";
import {
  type OperatorAccess,
  operatorAccessItem,
  operatorAccessUseItem,
} from "../../../shared/access/operator-access.ts";
import { type Operator, operatorItem } from "../../../shared/access/operators.ts";
import type { Principal } from "../../../shared/access/principal.ts";
import { updateWithRetry } from "../../../shared/change/update.ts";
import { timestamp } from "../../../shared/clock.ts";
import type { Table } from "../../../shared/dynamo/table.ts";
import { notFound, Problem } from "../../../shared/errors.ts";
import type { Call, Handler } from "../../../shared/http/call.ts";
import { membershipItem, PLATFORM } from "../../../shared/identity/items.ts";
import { newId } from "../../../shared/ids.ts";
import type { OperatorsDeps } from "../deps.ts";
import { accessEvent } from "./events.ts";
import { shownAt } from "./model.ts";
import type { operations } from "./operations.ts";
import { approveWrites, askWrites, closeWrites } from "./store.ts";

type Ops = typeof operations;

/** The operator who calls, as others are to see them. */
async function operatorOf(table: Table, { id }: Principal): Promise<Operator> {
  const operator = await table.of(PLATFORM).get(operatorItem, { user_id: id });
  if (operator === undefined) throw notFound();
  return operator;
}

async function accessOf(table: Table, id: string): Promise<OperatorAccess> {
  const access = await table.of(PLATFORM).get(operatorAccessItem, { id });
  if (access === undefined) throw notFound();
  return access;
}

export const askAccess: Handler<Ops["askAccess"], OperatorsDeps> = async (call, { table }) => {
  const { at, body, path, caller } = call;
  const { organization_id } = path;
  const { user_id, email } = await operatorOf(table, caller.principal);
  const membership = await table.of(organization_id).get(membershipItem, { user_id });
  if (membership?.status === "active")
    throw new Problem("conflict", "You are a member of this organization.", { members: { state: "member" } });
  const wanted = new Set(body.permissions ?? readOnly);
  const { access, writes } = askWrites(table, {
    id: newId("operator_access", at),
    organization_id,
    status: "pending",
    asked_by: { user_id, email },
    reason: body.reason,
    minutes: body.minutes,
    permissions: givable.filter((permission) => wanted.has(permission)),
    asked_at: timestamp(at),
    approved_by: null,
    approved_at: null,
    closed_at: null,
  });
  return call.commit(
    { writes: [call.stillPermitted(), ...writes], events: [accessEvent("operator_access.asked", access)] },
    access,
    { tenant: organization_id, actor: caller.principal },
  );
};

export const listAccesses: Handler<Ops["listAccesses"], OperatorsDeps> = async ({ query, at }, { table }) => {
  const { status, ...page } = query;
  const by = status === undefined ? ({ index: "gsi1", of: {} } as const) : ({ index: "gsi3", of: { status } } as const);
  const found = await table.of(PLATFORM).page(operatorAccessItem, { ...page, ...by, newest_first: true });
  return { ...found, items: found.items.map((access) => shownAt(access, at)) };
};

export const getAccess: Handler<Ops["getAccess"], OperatorsDeps> = async ({ path, at }, { table }) =>
  shownAt(await accessOf(table, path.access_id), at);

export const approveAccess: Handler<Ops["approveAccess"], OperatorsDeps> = async (call, { table }) => {
  const { at, caller } = call;
  const operator = await operatorOf(table, caller.principal);
  const read = await accessOf(table, call.path.access_id);
  if (read.asked_by.user_id === operator.user_id)
    throw new Problem("forbidden", "Another operator approves what you have asked for.");
  const { access, writes } = approveWrites(table, read, operator, at);
  return call.commit(
    { writes: [call.stillPermitted(), ...writes], events: [accessEvent("operator_access.approved", access)] },
    access,
    { tenant: read.organization_id, actor: caller.principal },
  );
};

/** Ends it as it is read, or as it has become meanwhile. */
const revoke = (
  call: Call<Ops["revokeAccess"]> | Call<Ops["revokeOperatorAccess"]>,
  table: Table,
  readAgain: (how: { readonly fresh: boolean }) => Promise<OperatorAccess>,
  actor: Principal,
) =>
  updateWithRetry(undefined, async (how) => {
    const read = await readAgain(how);
    const { access, writes } = closeWrites(table, read, "revoked", call.at);
    return call.commit(
      { writes: [call.stillPermitted(), ...writes], events: [accessEvent("operator_access.revoked", access)] },
      access,
      { tenant: read.organization_id, actor },
    );
  });

export const revokeAccess: Handler<Ops["revokeAccess"], OperatorsDeps> = (call, { table }) =>
  revoke(call, table, () => accessOf(table, call.path.access_id), call.caller.principal);

export const listOperatorAccesses: Handler<Ops["listOperatorAccesses"], OperatorsDeps> = async (
  { caller, query, at },
  { table },
) => {
  const of = { organization_id: caller.organization.id };
  const by = { index: "gsi2", of, newest_first: true } as const;
  const found = await table.of(PLATFORM).page(operatorAccessItem, { ...query, ...by });
  return { ...found, items: found.items.map((access) => shownAt(access, at)) };
};

/** Uses are one for each operation: there are no more of them than operations. */
export const getOperatorAccess: Handler<Ops["getOperatorAccess"], OperatorsDeps> = async (call, { table }) => {
  const access = await call.load();
  const uses = [];
  const own = table.of(access.organization_id);
  for await (const use of own.all(operatorAccessUseItem, { of: { access_id: access.id } })) uses.push(use);
  uses.sort((a, b) => (a.used_at < b.used_at ? -1 : 1));
  return { ...shownAt(access, call.at), uses };
};

export const revokeOperatorAccess: Handler<Ops["revokeOperatorAccess"], OperatorsDeps> = (call, { table }) =>
  revoke(call, table, (how) => call.load(how), call.caller.principal);
