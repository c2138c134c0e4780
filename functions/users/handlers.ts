import { userIdOf } from "../../shared/access/caller.ts";
import { changedFields, draft } from "../../shared/change/events.ts";
import { given, requireMatch, updateWithRetry } from "../../shared/change/update.ts";
import { timestamp } from "../../shared/clock.ts";
import { lostRace } from "../../shared/dynamo/write.ts";
import { notFound } from "../../shared/errors.ts";
import type { Handler } from "../../shared/http/call.ts";
import { PLATFORM, userItem } from "../../shared/identity/items.ts";
import { newEtag } from "../../shared/ids.ts";
import type { UsersDeps } from "./deps.ts";
import { userEvents } from "./events.ts";
import { findMembers } from "./finding/find.ts";
import { levelOf, toMember } from "./model.ts";
import type { operations } from "./operations.ts";

export { getRemoval, leave, remove } from "./leaving/handlers.ts";
export { assignRole, restore, suspend } from "./standing/handlers.ts";

type Ops = typeof operations;

export const list: Handler<Ops["list"], UsersDeps> = async ({ caller, query }, { table }) => {
  const page = await findMembers(table, caller.organization.id, query);
  return { ...page, items: page.items.map(({ user, membership }) => toMember(user, membership)) };
};

export const listDelegatees: Handler<Ops["listDelegatees"], UsersDeps> = async ({ caller, query }, { table }) => {
  const others = { ...query, status: "active", except: userIdOf(caller.principal) } as const;
  const page = await findMembers(table, caller.organization.id, others);
  return {
    ...page,
    items: page.items.map(({ user, membership }) => ({
      id: user.id,
      name: user.name,
      level: levelOf(membership.role),
    })),
  };
};

export const me: Handler<Ops["me"], UsersDeps> = async ({ caller }) => caller.user;

/**
 * A name stands in one place only, the user's own item; lists of members read it there. Only the changed fields are
 * written: sessions and sign-ins change others of the same item at any time.
 */
export const updateMe: Handler<Ops["updateMe"], UsersDeps> = async (call, { table }) => {
  const { caller, body, at } = call;
  const platform = table.of(PLATFORM);
  return updateWithRetry(call.if_match, async ({ fresh }) => {
    const read = fresh ? await platform.get(userItem, { id: caller.user.id }) : caller.user;
    if (read === undefined) throw notFound();
    requireMatch(call.if_match, read.etag);
    const set = given(body);
    const changes = changedFields(read, { ...read, ...set });
    if (changes.length === 0) return read;
    const stamped = { ...set, updated_at: timestamp(at), etag: newEtag(at) };
    const data = { user_id: read.id, changed_fields: changes.map(({ field }) => field) };
    return call.commit(
      {
        writes: [
          platform.writes.update(userItem, { id: read.id }, { set: stamped }, { equals: { etag: read.etag } }, (old) =>
            old === undefined ? notFound() : lostRace(),
          ),
        ],
        events: [draft(userEvents, "user.updated", { id: read.id, name: set.name ?? read.name }, data, { changes })],
      },
      { ...read, ...stamped },
      { tenant: caller.member?.organization.id ?? read.default_organization_id, actor: caller.principal },
    );
  });
};

export const get: Handler<Ops["get"], UsersDeps> = async (call) => {
  const { user, membership } = await call.load();
  return toMember(user, membership);
};
