import { readRules, replaceRules } from "../../../shared/access/bundle.ts";
import { type OwnRole, ownRoleItem } from "../../../shared/access/own-roles.ts";
import { draft } from "../../../shared/change/events.ts";
import { requireMatch, updateWithRetry } from "../../../shared/change/update.ts";
import { timestamp } from "../../../shared/clock.ts";
import type { TenantTable } from "../../../shared/dynamo/table.ts";
import { badReference, Problem } from "../../../shared/errors.ts";
import type { Handler } from "../../../shared/http/call.ts";
import { membershipItem } from "../../../shared/identity/items.ts";
import { OWNER } from "../../../shared/identity/owners.ts";
import { newEtag } from "../../../shared/ids.ts";
import { requireGivable, requireWithin } from "../../users/public.ts";
import type { AccessDeps } from "../deps.ts";
import { accessEvents } from "../events.ts";
import { changing, requireOwn } from "../making/handlers.ts";
import { roleStates, toRole } from "../model.ts";
import type { operations } from "../operations.ts";
import { ownRoles, roleDeletion, withRole } from "../store.ts";
import { naming, requireNamedNowhere } from "./naming.ts";

type Ops = typeof operations;

/**
 * Begins the deletion of a role: from then on nobody gets it, and what it grants stays until its members have another one
 * (`deleteRole`). Whatever changes roles takes turns, so no two deletions each name the other's role in its place.
 */
export const removeRole: Handler<Ops["removeRole"], AccessDeps> = (call, { table }) => {
  const { caller, query, at } = call;
  const tenant = table.of(caller.organization.id);
  const { replacement = null } = query;
  return updateWithRetry(call.if_match, async (how) => {
    const read = requireOwn(await call.load(how));
    requireMatch(call.if_match, read.etag);
    if (read.status !== "active") throw roleStates.refusal(read.status, ["active"]);
    const holds = changing(caller, read, "roles:delete");
    requireWithin(holds, read.name, read.grants);
    const rules = await readRules(tenant);
    if (replacement === read.id) throw badReference("replacement", "is the role itself");
    if (replacement === OWNER) throw badReference("replacement", "makes owners, which is done one by one");
    const given = replacement === null ? [] : await requireGivable(table, holds, replacement, "replacement");
    if (replacement === null && (await isHeld(tenant, read.id))) throw needsReplacement(read);
    requireNamedNowhere(read, await naming(tenant, read.id));
    const successor = (await ownRoles(tenant)).find((one) => one.replacement === read.id);
    if (successor !== undefined)
      throw new Problem(
        "conflict",
        `The members of \`${successor.name}\`, which is being deleted, are getting this role. Try again when it is gone.`,
        { members: { state: "replacement", role: successor.id } },
      );
    const next: OwnRole = {
      ...read,
      status: "deleting",
      replacement,
      updated_at: timestamp(at),
      etag: newEtag(at),
    };
    const { id, name, grants } = read;
    const changed_fields = ["status", ...(replacement === null ? [] : ["replacement"])];
    const changes = [
      { field: "status", old: read.status, new: next.status },
      ...(replacement === null ? [] : [{ field: "replacement", old: null, new: replacement }]),
    ];
    return call.commit(
      {
        writes: [
          call.stillPermitted(),
          ...given,
          tenant.writes.replace(ownRoleItem, next, read.etag),
          ...replaceRules(tenant, rules, withRole(rules, next)),
          roleDeletion.set(tenant, id, at),
        ],
        events: [
          draft(accessEvents, "role.updated", { id, name }, { role_id: id, name, changed_fields, grants }, { changes }),
        ],
      },
      toRole(next),
    );
  });
};

/** Whether somebody has the role, as an index knows that is a moment behind; who is not seen yet stops the deletion later. */
async function isHeld(tenant: TenantTable, role: string): Promise<boolean> {
  for (const status of ["active", "suspended"]) {
    const { items } = await tenant.page(membershipItem, { index: "gsi2", of: { status, role }, limit: 1 });
    if (items.length > 0) return true;
  }
  return false;
}

const needsReplacement = ({ name }: OwnRole): Problem =>
  new Problem("conflict", `Members have the role \`${name}\`. Name the one that they get: ?replacement=viewer.`, {
    members: { state: "held" },
  });
