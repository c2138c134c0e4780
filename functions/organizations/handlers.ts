import { changedFields, draft } from "../../shared/change/events.ts";
import { requireMatch, updateWithRetry } from "../../shared/change/update.ts";
import { timestamp } from "../../shared/clock.ts";
import { notFound } from "../../shared/errors.ts";
import type { Handler } from "../../shared/http/call.ts";
import { organizationItem } from "../../shared/identity/items.ts";
import { newEtag } from "../../shared/ids.ts";
import type { OrganizationsDeps } from "./deps.ts";
import { organizationEvents } from "./events.ts";
import type { operations } from "./operations.ts";
import { replaceOrganization } from "./store.ts";

type Ops = typeof operations;

/** Only the active organization can be read; any other id is like one that never was. */
export const get: Handler<Ops["get"], OrganizationsDeps> = async ({ caller, path }) => {
  if (path.organization_id !== caller.organization.id) throw notFound();
  return caller.organization;
};

export const update: Handler<Ops["update"], OrganizationsDeps> = async (call, { table }) => {
  const { caller, path, body, at } = call;
  if (path.organization_id !== caller.organization.id) throw notFound();
  return updateWithRetry(call.if_match, async () => {
    const read = await table.of(caller.organization.id).get(organizationItem, {});
    if (read === undefined) throw notFound();
    requireMatch(call.if_match, read.etag);
    const wanted = { ...read, name: body.name ?? read.name, slug: body.slug ?? read.slug };
    const changes = changedFields(read, wanted);
    if (changes.length === 0) return read;
    const next = { ...wanted, updated_at: timestamp(at), etag: newEtag(at) };
    const data = { organization_id: next.id, name: next.name, changed_fields: changes.map(({ field }) => field) };
    return call.commit(
      {
        writes: replaceOrganization(table, read, next),
        events: [
          draft(organizationEvents, "organization.updated", { id: next.id, name: next.name }, data, { changes }),
        ],
      },
      next,
    );
  });
};
