import { decide } from "../../../shared/access/decide.ts";
import { grantsOf } from "../../../shared/access/own-roles.ts";
import { updateWithRetry } from "../../../shared/change/update.ts";
import { notFound, Problem } from "../../../shared/errors.ts";
import type { Handler } from "../../../shared/http/call.ts";
import { invalid } from "../../../shared/http/parse.ts";
import { membershipItem, organizationItem } from "../../../shared/identity/items.ts";
import { requireUnheld } from "../../audit/public.ts";
import type { OrganizationsDeps } from "../deps.ts";
import { organizationStates } from "../model.ts";
import type { operations } from "../operations.ts";
import { deletion, restoration } from "./moves.ts";

type Ops = typeof operations;

export const remove: Handler<Ops["remove"], OrganizationsDeps> = async (call, { table }) => {
  const { query, at } = call;
  return updateWithRetry(call.if_match, async (how) => {
    const read = await call.load(how);
    if (query.confirm !== read.slug)
      throw invalid([{ path: "confirm", message: `must be the organization's slug, ${read.slug}, to confirm it` }]);
    const { organization, writes, event } = deletion(table, read, at);
    return call.commit(
      { writes: [call.stillPermitted(), requireUnheld(table.of(read.id)), ...writes], events: [event] },
      organization,
    );
  });
};

/**
 * In a deleted organization nobody has rights, so its owners are known by what their membership would grant. A suspension
 * is not theirs to take back.
 */
export const restore: Handler<Ops["restore"], OrganizationsDeps> = async (call, { table }) => {
  const { caller, path, at } = call;
  const tenant = table.of(path.organization_id);
  const key = { user_id: caller.user.id };
  return updateWithRetry(undefined, async () => {
    const [read, membership] = await table.batch([tenant.read(organizationItem, {}), tenant.read(membershipItem, key)]);
    if (read === undefined || membership?.status !== "active") throw notFound();
    if (!decide(await grantsOf(table, read, membership.role), "organizations:delete").allowed)
      throw new Problem("forbidden", "Only an owner of the organization restores it.", {
        members: { permission: "organizations:delete" },
      });
    if (read.status !== "deleted") throw organizationStates.refusal(read.status, ["deleted"]);
    const { organization, writes, event } = restoration(table, read, at);
    const still = tenant.writes.check(
      membershipItem,
      key,
      { equals: { status: "active", role: membership.role } },
      () => new Problem("forbidden", "Your role has just changed. Try again."),
    );
    return call.commit({ writes: [still, ...writes], events: [event] }, organization, {
      tenant: read.id,
      actor: caller.principal,
    });
  });
};
