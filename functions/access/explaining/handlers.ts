import { decide, expandGrants } from "../../../shared/access/decide.ts";
import { grantsOf, ownRoleOf, rolesOf } from "../../../shared/access/own-roles.ts";
import { builtInRoles, isBuiltInRole } from "../../../shared/access/roles.ts";
import type { Table } from "../../../shared/dynamo/table.ts";
import type { Handler } from "../../../shared/http/call.ts";
import { membershipItem, type Organization, PLATFORM, userItem } from "../../../shared/identity/items.ts";
import type { AccessDeps } from "../deps.ts";
import type { operations } from "../operations.ts";
import { afterRole, readPlace, writePlace } from "./rules/place.ts";

type Ops = typeof operations;

/** A role as a reason names it. */
async function named(table: Table, organization: Organization, role: string) {
  const own = await ownRoleOf(table, organization, role);
  return { id: role, name: own?.name ?? (isBuiltInRole(role) ? builtInRoles[role].label : role) };
}

export const memberPermissions: Handler<Ops["memberPermissions"], AccessDeps> = async (call, { table }) => {
  const { membership } = await call.load();
  const { organization } = call.caller;
  const { user_id, status, role } = membership;
  const grants = status === "active" ? await grantsOf(table, organization, role) : [];
  return {
    user_id,
    status,
    role: await named(table, organization, role),
    permissions: expandGrants(grants).map((permission) => ({
      permission,
      grant: decide(grants, permission).by ?? permission,
      role,
    })),
  };
};

/** Roles that one page looks into at most. */
const MOST_ROLES = 20;

/** Members role by role, each role's by their names; a page ends within a role or between two. */
export const listHolders: Handler<Ops["listHolders"], AccessDeps> = async (call, { table }) => {
  const { query, caller } = call;
  const permission = await call.load();
  const { organization } = caller;
  const own = table.of(organization.id);
  const granting = (await rolesOf(table, organization)).flatMap(({ role, grants }) => {
    const { by } = decide(grants, permission);
    return by === undefined ? [] : [{ role, grant: by }];
  });
  const place = readPlace([organization.id, permission], query.cursor);
  const rest = place === undefined ? granting : afterRole(granting, place.role);
  const found: { user_id: string; role: string; grant: string }[] = [];
  let next: string | null = null;
  for (const [i, { role, grant }] of rest.entries()) {
    if (found.length === query.limit || i === MOST_ROLES) {
      next = writePlace([organization.id, permission], { role, cursor: undefined });
      break;
    }
    const page = await own.page(membershipItem, {
      index: "gsi2",
      of: { status: "active", role },
      limit: query.limit - found.length,
      cursor: place?.role === role ? place.cursor : undefined,
    });
    found.push(...page.items.map(({ user_id }) => ({ user_id, role, grant })));
    if (page.next_cursor === null) continue;
    next = writePlace([organization.id, permission], { role, cursor: page.next_cursor });
    break;
  }
  const platform = table.of(PLATFORM);
  const users = await table.batch(found.map(({ user_id }) => platform.read(userItem, { id: user_id })));
  const items = await Promise.all(
    found.map(async ({ user_id, role, grant }, i) => ({
      user_id,
      name: users[i]?.name ?? "",
      email: users[i]?.email ?? "",
      role: await named(table, organization, role),
      grant,
    })),
  );
  return { items, next_cursor: next };
};
