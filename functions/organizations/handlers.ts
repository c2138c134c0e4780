import { changedFields, draft } from "../../shared/change/events.ts";
import { requireMatch, updateWithRetry } from "../../shared/change/update.ts";
import { timestamp } from "../../shared/clock.ts";
import type { Handler } from "../../shared/http/call.ts";
import { newEtag } from "../../shared/ids.ts";
import type { OrganizationsDeps } from "./deps.ts";
import { organizationEvents } from "./events.ts";
import type { operations } from "./operations.ts";
import { replaceOrganization } from "./store.ts";

type Ops = typeof operations;

export const get: Handler<Ops["get"], OrganizationsDeps> = (call) => call.load();

export { getErasure } from "./erasure/handlers.ts";
export { create } from "./founding/handlers.ts";
export { getSettings, updateSettings } from "./settings/handlers.ts";
export { remove, restore } from "./standing/handlers.ts";
export {
  acceptTransfer,
  askTransfer,
  declineTransfer,
  getTransfer,
  withdrawTransfer,
} from "./transfer/handlers.ts";

export const update: Handler<Ops["update"], OrganizationsDeps> = async (call, { table }) => {
  const { body, at } = call;
  return updateWithRetry(call.if_match, async (how) => {
    const read = await call.load(how);
    requireMatch(call.if_match, read.etag);
    const wanted = { ...read, name: body.name ?? read.name, slug: body.slug ?? read.slug };
    const changes = changedFields(read, wanted);
    if (changes.length === 0) return read;
    const next = { ...wanted, updated_at: timestamp(at), etag: newEtag(at) };
    const data = { organization_id: next.id, name: next.name, changed_fields: changes.map(({ field }) => field) };
    return call.commit(
      {
        writes: replaceOrganization(table, read, next, at),
        events: [
          draft(organizationEvents, "organization.updated", { id: next.id, name: next.name }, data, { changes }),
        ],
      },
      next,
    );
  });
};
