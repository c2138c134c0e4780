import * as z from "zod";
import { decide } from "../access/decide.ts";
import type { Rights } from "../access/grants.ts";
import type { Permission } from "../access/permissions.ts";
import { type Principal, principalKey } from "../access/principal.ts";
import { auditWrite, type ChangeContext } from "../change/commit.ts";
import { addSeconds, minuteOf, timestamp } from "../clock.ts";
import { defineItem } from "../dynamo/item.ts";
import type { Table } from "../dynamo/table.ts";
import { Problem } from "../errors.ts";
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
 * Refuses API keys where one is no answer to who calls: what people do about themselves, what operators and directories do,
 * and what asks for a fresh proof, which only a person can give.
 * @throws Problem `key_not_accepted`
 */
export function requireNoKey(operation: OperationShape, { type }: Principal): void {
  if (type !== "api_key") return;
  if (permissionOf(operation) === undefined)
    throw new Problem(
      "key_not_accepted",
      `This is ${ABOUT[operation.permission as keyof typeof ABOUT]}, and an API key is none.`,
    );
  if (operation.step_up !== undefined)
    throw new Problem("key_not_accepted", "This needs a fresh proof of who you are, which an API key cannot give.");
}

/** For whom operations are that ask for no permission. */
const ABOUT = {
  authenticated: "for a person, about themselves",
  operator: "for operators of the platform",
  directory: "for a company's directory",
} as const;

/**
 * What a handler asks about the caller, of permissions that its operation names. Functions, not methods: of methods the compiler
 * would let pass what asks for a permission that is named nowhere, and of which no policy was asked.
 */
export interface Asking<P extends Permission> {
  /** Whether the caller holds it: the role grants it, and no policy denies it. */
  readonly may: (permission: P) => boolean;
  /** What a policy says against it; undefined where none does, and where the role does not grant it. */
  readonly denied: (permission: P) => Problem | undefined;
}

/**
 * What a request needs beside its operation's own permission, by what it asks for.
 * @param what the part of the request that needs it
 * @throws Problem `forbidden`; `policy_denied` where the role grants it
 */
export function requireAlso<P extends Permission>(call: Asking<P>, permission: NoInfer<P>, what = "This"): void {
  if (call.may(permission)) return;
  throw (
    call.denied(permission) ??
    new Problem("forbidden", `${what} needs the permission \`${permission}\`, which your role does not grant.`, {
      members: { permission },
    })
  );
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

/** Which refusals of a minute have an entry: the first `each`, then every one that doubles their number. */
export const isRecorded = (nth: number, each = DENIALS_EACH): boolean =>
  nth <= each || (nth % each === 0 && Number.isInteger(Math.log2(nth / each)));

/**
 * Records a refusal in the audit trail, at a bounded rate: the first ten a minute of a principal each have an entry;
 * from then on an entry is made whenever their number has doubled, and says it. Nobody can fill the trail by asking
 * for what they may not have, and how often they did is known to a factor of two at any moment.
 * @param reason what refused; the missing permission unless told
 */
export async function recordDenial(
  table: Table,
  context: ChangeContext,
  operation: OperationShape,
  reason = `permission ${permissionsOf(operation).join(" or ")}`,
): Promise<void> {
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
    reason: `${reason}${many}`,
  } as const;
  await tenant.transact([auditWrite(table, context, entry)]);
}
