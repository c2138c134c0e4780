import { readRules, replaceRules } from "../../../shared/access/bundle.ts";
import { type Caller, userIdOf } from "../../../shared/access/caller.ts";
import { decide, expandGrants } from "../../../shared/access/decide.ts";
import { manages } from "../../../shared/access/given.ts";
import { type OwnRole, ownRoleItem } from "../../../shared/access/own-roles.ts";
import type { Grant, Permission } from "../../../shared/access/permissions.ts";
import { type BuiltInRole, builtInRoles } from "../../../shared/access/roles.ts";
import { changedFields, draft } from "../../../shared/change/events.ts";
import { requireMatch, updateWithRetry } from "../../../shared/change/update.ts";
import { timestamp } from "../../../shared/clock.ts";
import { Problem } from "../../../shared/errors.ts";
import type { Call, Handler } from "../../../shared/http/call.ts";
import { requireAlso } from "../../../shared/http/permit.ts";
import { newEtag, newId } from "../../../shared/ids.ts";
import { takeQuota } from "../../../shared/limits/quota.ts";
import { nameKey } from "../../../shared/name-key.ts";
import { requireWithin } from "../../users/public.ts";
import type { AccessDeps } from "../deps.ts";
import { accessEvents } from "../events.ts";
import { roleStates, toRole } from "../model.ts";
import type { operations } from "../operations.ts";
import { grantsWithout, plainGrants } from "../rules/grants.ts";
import { freeName, takeName, withRole } from "../store.ts";

type Ops = typeof operations;

/** A role that is to be made. */
interface Wish extends Pick<OwnRole, "name" | "description"> {
  readonly grants: readonly Grant[];
}

/**
 * Makes a role: its record, its name, its place among those of the organization, and with it other rules for everybody.
 * @throws Problem `forbidden` where it would grant more than its author holds
 */
function make(call: Call<Ops["createRole"]> | Call<Ops["cloneRole"]>, { table }: AccessDeps, wish: Wish) {
  const { caller, at } = call;
  const tenant = table.of(caller.organization.id);
  const { name, description } = wish;
  const grants = plainGrants(wish.grants);
  requireWithin(caller, name, grants);
  const stamp = timestamp(at);
  const role: OwnRole = {
    id: newId("role", at),
    organization_id: caller.organization.id,
    name,
    name_key: nameKey(name),
    description,
    grants,
    revision: 1,
    status: "active",
    by_rule: !manages(grants),
    replacement: null,
    created_by: userIdOf(caller.principal) ?? caller.principal.id,
    created_at: stamp,
    updated_at: stamp,
    etag: newEtag(at),
  };
  return updateWithRetry(undefined, async () => {
    const rules = await readRules(tenant);
    return call.commit(
      {
        writes: [
          call.stillPermitted(),
          takeName(tenant, role),
          takeQuota(tenant, caller.organization.plan, "roles"),
          tenant.writes.create(ownRoleItem, role),
          ...replaceRules(tenant, rules, withRole(rules, role)),
        ],
        events: [draft(accessEvents, "role.created", { id: role.id, name }, { role_id: role.id, name, grants })],
      },
      toRole(role),
    );
  });
}

export const createRole: Handler<Ops["createRole"], AccessDeps> = (call, deps) => make(call, deps, call.body);

export const cloneRole: Handler<Ops["cloneRole"], AccessDeps> = async (call, deps) => {
  const source = await call.load();
  const { description, grants } = typeof source === "string" ? builtInRoles[source] : source;
  const { name, description: said = description, without } = call.body;
  return make(call, deps, { name, description: said, grants: grantsWithout(grants, without) });
};

/**
 * The caller of a change of a role, with what they hold as it is read: who changes the very role that they have holds of what
 * their request began with (a key of theirs may have less than they) what the role grants still.
 * @param permission what the change asks for
 * @throws Problem `forbidden` where the role grants that no more
 */
export function changing(caller: Caller, read: OwnRole, permission: Permission): Caller {
  if (caller.own_role?.id !== read.id) return caller;
  const grants = expandGrants(caller.grants).filter((one) => decide(read.grants, one).allowed);
  requireAlso({ may: (one) => decide(grants, one).allowed, denied: () => undefined }, permission);
  return { ...caller, grants };
}

/** @throws Problem `conflict` (409) for a role that is part of the product */
export function requireOwn(role: BuiltInRole | OwnRole): OwnRole {
  if (typeof role !== "string") return role;
  throw new Problem(
    "conflict",
    `The role \`${role}\` is built in and stays as it is. Make one of your own of it: POST /roles/${role}/clone.`,
    { members: { state: "built_in" } },
  );
}

/**
 * Nobody changes a role that grants more than they hold, nor makes it grant more: who has it holds what somebody held before.
 * Whatever changes roles takes turns, by the version of the rules.
 */
export const updateRole: Handler<Ops["updateRole"], AccessDeps> = (call, { table }) => {
  const { caller, body, at } = call;
  const tenant = table.of(caller.organization.id);
  return updateWithRetry(call.if_match, async (how) => {
    const read = requireOwn(await call.load(how));
    requireMatch(call.if_match, read.etag);
    if (read.status !== "active") throw roleStates.refusal(read.status, ["active"]);
    const { name = read.name, description = read.description } = body;
    const grants = body.grants === undefined ? read.grants : plainGrants(body.grants);
    const held = changing(caller, read, "roles:update");
    requireWithin(held, read.name, read.grants);
    requireWithin(held, name, grants);
    const before = { name: read.name, description: read.description, grants: read.grants };
    const changes = changedFields(before, { name, description, grants });
    if (changes.length === 0) return toRole(read);
    const changed_fields = changes.map(({ field }) => field);
    const name_key = nameKey(name);
    const next: OwnRole = {
      ...read,
      name,
      name_key,
      description,
      grants,
      by_rule: !manages(grants),
      revision: read.revision + Number(changed_fields.includes("grants")),
      updated_at: timestamp(at),
      etag: newEtag(at),
    };
    const rules = await readRules(tenant);
    const { id } = read;
    return call.commit(
      {
        writes: [
          call.stillPermitted(),
          tenant.writes.replace(ownRoleItem, next, read.etag),
          ...(name_key === read.name_key ? [] : [takeName(tenant, next), freeName(tenant, read)]),
          ...replaceRules(tenant, rules, withRole(rules, next)),
        ],
        events: [
          draft(accessEvents, "role.updated", { id, name }, { role_id: id, name, changed_fields, grants }, { changes }),
        ],
      },
      toRole(next),
    );
  });
};
