import { changedFields, draft } from "../../../shared/change/events.ts";
import { requireMatch, updateWithRetry } from "../../../shared/change/update.ts";
import { timestamp } from "../../../shared/clock.ts";
import type { Handler } from "../../../shared/http/call.ts";
import { invalid } from "../../../shared/http/parse.ts";
import type { Organization } from "../../../shared/identity/items.ts";
import { newEtag } from "../../../shared/ids.ts";
import { retentionOf } from "../../../shared/limits/retention.ts";
import type { OrganizationsDeps } from "../deps.ts";
import { organizationEvents } from "../events.ts";
import type { operations } from "../operations.ts";
import { replaceOrganization } from "../store.ts";
import { merged, retentionIssues } from "./rules/merge.ts";

type Ops = typeof operations;

/** The settings are part of the organization, and change under its entity tag. */
const shown = (organization: Organization) => ({
  organization_id: organization.id,
  version: organization.settings.version,
  retention: retentionOf(organization),
  etag: organization.etag,
});

export const getSettings: Handler<Ops["getSettings"], OrganizationsDeps> = async (call) => shown(await call.load());

export const updateSettings: Handler<Ops["updateSettings"], OrganizationsDeps> = async (call, { table }) => {
  const { body, at } = call;
  return updateWithRetry(call.if_match, async (how) => {
    const read = await call.load(how);
    requireMatch(call.if_match, read.etag);
    const { version, ...parts } = read.settings;
    const change = body.retention ?? {};
    const issues = retentionIssues(read.plan, change);
    if (issues.length > 0) throw invalid(issues);
    const settings = { ...parts, version: version + 1, retention: merged(parts.retention, change) };
    const changes = changedFields(parts.retention, settings.retention).map(({ field, ...values }) => ({
      field: `settings.retention.${field}`,
      ...values,
    }));
    if (changes.length === 0) return shown(read);
    const next: Organization = { ...read, settings, updated_at: timestamp(at), etag: newEtag(at) };
    const { id, name } = next;
    const data = { organization_id: id, name, changed_fields: changes.map(({ field }) => field) };
    return call.commit(
      {
        writes: replaceOrganization(table, read, next, at),
        events: [draft(organizationEvents, "organization.updated", { id, name }, data, { changes })],
      },
      shown(next),
    );
  });
};
