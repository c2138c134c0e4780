import * as z from "zod";
import { type ChangeContext, changeWrites } from "../change/commit.ts";
import { defineEvents, draft } from "../change/events.ts";
import { timestamp } from "../clock.ts";
import { defineItem, type ItemOf } from "../dynamo/item.ts";
import type { Table } from "../dynamo/table.ts";
import type { Write } from "../dynamo/write.ts";
import { Problem } from "../errors.ts";
import { isGone, type Organization, PLATFORM, type Session } from "../identity/items.ts";
import { idSchema } from "../ids.ts";
import { addDays } from "../limits/retention.ts";
import type { Caller } from "./caller.ts";
import { givable } from "./givable.ts";
import { type Operator, operatorItem, operatorStands, requireOperator } from "./operators.ts";
import type { Permission } from "./permissions.ts";
import type { Principal } from "./principal.ts";

/**
 * The one way in which somebody who runs the platform sees into an organization: an access that another operator has
 * approved, for minutes, with named permissions. It is read on each request, so that its end and its revocation are felt
 * by the next one, whatever runs behind.
 */

export const operatorAccessStatuses = ["pending", "active", "revoked", "expired", "ended"] as const;

/** An operator, by whom they are and how one writes to them. */
const operatorSchema = z
  .object({ user_id: idSchema("user"), email: z.string() })
  .meta({ id: "OperatorName", description: "A person who runs the platform." });

export const operatorAccessSchema = z.object({
  id: idSchema("operator_access"),
  organization_id: idSchema("organization"),
  status: z.enum(operatorAccessStatuses).meta({ id: "OperatorAccessStatus" }),
  asked_by: operatorSchema.meta({ description: "The operator who acts by it." }),
  reason: z.string().meta({ example: "Their pipeline hangs; ticket 4711." }),
  minutes: z.int().meta({ description: "For how long, from its approval on." }),
  permissions: z.array(z.enum(givable).meta({ id: "GivablePermission" })).meta({ description: "All that it gives." }),
  asked_at: z.string(),
  approved_by: operatorSchema.nullable(),
  approved_at: z.string().nullable(),
  ends_at: z
    .string()
    .meta({ description: "When it ends by itself; before its approval, when it is too late for one." }),
  closed_at: z.string().nullable().meta({ description: "When it was revoked, or has ended by itself." }),
});

/** The platform's, since operators look for those of all organizations. */
export const operatorAccessItem = defineItem({
  type: "operator_access",
  summary: "An operator's access to an organization: asked for, approved by another, revoked or at its end.",
  schema: operatorAccessSchema.extend({ expires_at: z.string() }),
  key: { pk: "OPERATOR_ACCESS#{id}", sk: "OPERATOR_ACCESS" },
  indexes: {
    gsi1: { pk: "OPERATOR_ACCESSES", sk: "{id}" },
    gsi2: { pk: "OPERATOR_ACCESSES_TO#{organization_id}", sk: "{id}" },
    gsi3: { pk: "OPERATOR_ACCESSES_BY_STATUS#{status}", sk: "{id}" },
  },
  expires: "expires_at",
});
export type OperatorAccess = ItemOf<typeof operatorAccessItem>;

/** An operator has one at a time for an organization; a request finds it by who comes and where to. */
export const operatorAccessPlaceItem = defineItem({
  type: "operator_access_place",
  summary: "The one access of an operator to an organization that waits or is live.",
  schema: z.object({
    operator_id: idSchema("user"),
    organization_id: idSchema("organization"),
    access_id: idSchema("operator_access"),
    expires_at: z.string(),
  }),
  key: { pk: "OPERATOR_ACCESS_PLACES#{operator_id}", sk: "{organization_id}" },
  expires: "expires_at",
});

/** The organization's: reads leave no entry, but what kind of thing an operator has looked at does, once for each access. */
export const operatorAccessUseItem = defineItem({
  type: "operator_access_use",
  summary: "The first use of an operation by an operator's access; written once, with its audit entry.",
  schema: z.object({
    access_id: idSchema("operator_access"),
    operation: z.string(),
    used_at: z.string(),
    expires_at: z.string(),
  }),
  key: { pk: "OPERATOR_ACCESS_USES#{access_id}", sk: "{operation}" },
  append_only: true,
  expires: "expires_at",
});

/** What became of accesses is kept so long; the audit trail keeps it longer. */
export const ACCESS_KEPT_DAYS = 400;

export const operatorAccessEvents = defineEvents({
  "operator_access.used": {
    summary:
      "An operator did something by an access for the first time: once for each operation. Each change has its own event and entry besides.",
    resource: "operator_access",
    data: z.object({
      access_id: z.string(),
      operator_id: z.string(),
      operation: z.string(),
      first: z.boolean().meta({ description: "Whether nothing was done by it before." }),
    }),
  },
});

/** Rights of an operator by an access, as it stood when it was read. */
export interface AccessRights {
  readonly by: "operator_access";
  readonly caller: Caller & { readonly principal: Extract<Principal, { readonly type: "operator" }> };
  readonly access: OperatorAccess;
  readonly source: string;
}

/** Whether it gives anything at this time. */
export const isLive = ({ status, ends_at }: Pick<OperatorAccess, "status" | "ends_at">, at: Date): boolean =>
  status === "active" && at.getTime() < Date.parse(ends_at);

/**
 * What somebody may do in an organization who is no member of it: an operator with a live access, else undefined, which
 * is what everybody else is. Three rounds of strong reads, which no member pays.
 */
export async function accessRights(
  table: Table,
  session: Session,
  organization: Organization | undefined,
  at: Date,
): Promise<AccessRights | Problem | undefined> {
  if (organization === undefined || isGone(organization)) return undefined;
  const { user_id } = session;
  const platform = table.of(PLATFORM);
  const [place, operator] = await table.batch([
    platform.read(operatorAccessPlaceItem, { operator_id: user_id, organization_id: organization.id }),
    platform.read(operatorItem, { user_id }),
  ]);
  if (place === undefined || operator === undefined) return undefined;
  const access = await platform.get(operatorAccessItem, { id: place.access_id });
  if (access?.approved_by == null || !isLive(access, at)) return undefined;
  // What somebody asked for or approved ends with their being an operator, and is not there again when they are anew.
  const approver = await platform.get(operatorItem, { user_id: access.approved_by.user_id });
  if (!stoodAt(operator, access.asked_at) || !stoodAt(approver, access.approved_at)) return undefined;
  try {
    requireOperator(operator, session);
  } catch (refusal) {
    if (refusal instanceof Problem) return refusal;
    throw refusal;
  }
  const permitted: ReadonlySet<Permission> = new Set(givable);
  return {
    by: "operator_access",
    caller: {
      principal: { type: "operator", id: user_id, access_id: access.id },
      organization,
      grants: access.permissions.filter((permission) => permitted.has(permission)),
    },
    access,
    source: `the access \`${access.id}\``,
  };
}

/** Whether somebody has been an operator without a break since then. */
const stoodAt = (operator: Operator | undefined, then: string | null): boolean =>
  operator !== undefined && then !== null && operator.granted_at <= then;

const over = (): Problem => new Problem("membership_inactive", "The access has ended.");

/** Proves within a transaction that an access is still live. */
export const accessStands = (table: Table, { access: { id } }: AccessRights, at: Date): Write => {
  const live = { equals: { status: "active" }, at_least: { ends_at: timestamp(at) } };
  return table.of(PLATFORM).writes.check(operatorAccessItem, { id }, live, over);
};

/** All that a transaction proves which an operator's access brings about: the access, and that both are operators. */
export const accessProofs = (table: Table, rights: AccessRights, at: Date): Write[] => {
  const { asked_by, approved_by } = rights.access;
  const both = [asked_by, ...(approved_by === null ? [] : [approved_by])];
  return [accessStands(table, rights, at), ...both.map(({ user_id }) => operatorStands(table, user_id))];
};

/** Somebody has written it down at the same time. */
class Known extends Problem {
  constructor() {
    super("conflict", "This use is known.");
  }
}

/**
 * Writes down that an operation is used by an access, the first time that it is, in one transaction with the proof that the
 * access is live: nothing is seen by it of which its organization does not know.
 * @throws Problem `membership_inactive` for one that has ended meanwhile
 */
export async function recordUse(
  table: Table,
  context: ChangeContext,
  rights: AccessRights,
  operation: string,
  now: Date,
): Promise<void> {
  const { id: access_id, asked_by } = rights.access;
  const tenant = table.of(context.tenant);
  const key = { access_id, operation };
  const [use, earlier] = await Promise.all([
    tenant.get(operatorAccessUseItem, key),
    tenant.page(operatorAccessUseItem, { of: { access_id }, limit: 1 }),
  ]);
  if (use !== undefined) return;
  const first = earlier.items.length === 0;
  const used = { ...key, used_at: timestamp(now), expires_at: timestamp(addDays(now, ACCESS_KEPT_DAYS)) };
  const data = { access_id, operator_id: asked_by.user_id, operation, first };
  try {
    await table.transact(
      changeWrites(table, context, {
        writes: [
          ...accessProofs(table, rights, now),
          tenant.writes.create(operatorAccessUseItem, used, () => new Known()),
        ],
        events: [draft(operatorAccessEvents, "operator_access.used", { id: access_id }, data, { reason: operation })],
      }),
    );
  } catch (error) {
    if (!(error instanceof Known)) throw error;
  }
}
