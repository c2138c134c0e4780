import * as z from "zod";
import { decide } from "../access/decide.ts";
import type { Rights } from "../access/grants.ts";
import type { Permission } from "../access/permissions.ts";
import { principalKey } from "../access/principal.ts";
import { auditWrite, type ChangeContext } from "../change/commit.ts";
import { addSeconds, timestamp } from "../clock.ts";
import { defineItem } from "../dynamo/item.ts";
import type { Table } from "../dynamo/table.ts";
import { Problem } from "../errors.ts";
import { minuteOf } from "../limits/window.ts";
import { inCode } from "../text.ts";
import { type OperationShape, withoutPermission } from "./operation.ts";

/** The permission that an operation asks for; undefined where it asks for none. */
export const permissionOf = ({ permission }: OperationShape): Permission | undefined =>
  (withoutPermission as readonly string[]).includes(permission) ? undefined : (permission as Permission);

/** The permissions of which one is asked for; none where none is. */
export const permissionsOf = (operation: OperationShape): readonly Permission[] => {
  const permission = permissionOf(operation);
  return permission === undefined ? [] : [permission, ...operation.or];
};

/** Whether it is done in an organization, by rights there; else by anybody, or by people about themselves. */
export const actsInOrganization = (operation: OperationShape): boolean =>
  permissionOf(operation) !== undefined || operation.permission === "directory";

/** @throws Problem `forbidden` when these rights do not cover what the operation asks for */
export function requirePermission(operation: OperationShape, rights: Rights): void {
  const asked = permissionsOf(operation);
  const [permission] = asked;
  if (permission === undefined || asked.some((one) => decide(rights.caller.grants, one).allowed)) return;
  throw new Problem(
    "forbidden",
    `This needs the permission ${inCode(asked, "disjunction")}, which ${rights.source} does not grant.`,
    {
      members: { permission, ...(asked.length === 1 ? {} : { any_of: asked }) },
    },
  );
}

/**
 * What a request needs beside its operation's own permission, by what it asks for.
 * @param what the part of the request that needs it
 * @throws Problem `forbidden`
 */
export function requireAlso(
  call: { may(permission: Permission): boolean },
  permission: Permission,
  what = "This",
): void {
  if (call.may(permission)) return;
  throw new Problem("forbidden", `${what} needs the permission \`${permission}\`, which your role does not grant.`, {
    members: { permission },
  });
}

/** So many refusals a minute of one principal have an entry each. */
export const DENIALS_EACH = 10;

/** Refusals of a principal in the minute, so that many of them are few entries. */
export const denialItem = defineItem({
  type: "denial_counter",
  summary: "Refusals of a principal in a minute; bounds their entries in the audit trail.",
  schema: z.object({ principal: z.string(), minute: z.int(), count: z.int(), expires_at: z.string() }),
  key: { pk: "DENIALS#{principal}", sk: "{minute}" },
  expires: "expires_at",
});

const DENIALS_KEPT_SECONDS = 3_600;

/** Which refusals of a minute have an entry: the first ones, then each that doubles their number. */
export const isRecorded = (nth: number): boolean =>
  nth <= DENIALS_EACH || (nth % DENIALS_EACH === 0 && Number.isInteger(Math.log2(nth / DENIALS_EACH)));

/**
 * Records a refusal in the audit trail, at a bounded rate: the first ten a minute of a principal each have an entry;
 * from then on an entry is made whenever their number has doubled, and says it. Nobody can fill the trail by asking
 * for what they may not have, and how often they did is known to a factor of two at any moment.
 */
export async function recordDenial(table: Table, context: ChangeContext, operation: OperationShape): Promise<void> {
  const tenant = table.of(context.tenant);
  const key = { principal: principalKey(context.actor), minute: minuteOf(context.at) };
  const expires_at = timestamp(addSeconds(context.at, DENIALS_KEPT_SECONDS));
  const { count } = await tenant.apply(denialItem, {
    ...tenant.writes.update(denialItem, key, { set: { ...key, expires_at }, add: { count: 1 } }, {}),
    lost: "repeat",
  });
  if (!isRecorded(count)) return;
  const many = count > DENIALS_EACH ? `; refusal ${count} in this minute, those since the last entry have none` : "";
  const entry = {
    action: "access.denied",
    resource: { type: "operation", id: operation.id },
    outcome: "denied",
    reason: `permission ${permissionsOf(operation).join(" or ")}${many}`,
  } as const;
  await tenant.transact([auditWrite(table, context, entry)]);
}
