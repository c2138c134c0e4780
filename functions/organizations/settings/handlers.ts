import { requireStayingIn } from "../../../shared/access/doors.ts";
import { draft } from "../../../shared/change/events.ts";
import { requireMatch, updateWithRetry } from "../../../shared/change/update.ts";
import { timestamp } from "../../../shared/clock.ts";
import { Problem } from "../../../shared/errors.ts";
import type { Call, Handler } from "../../../shared/http/call.ts";
import { invalid } from "../../../shared/http/parse.ts";
import type { Organization } from "../../../shared/identity/items.ts";
import { generalOf, notificationsOf, securityOf } from "../../../shared/identity/settings.ts";
import { newEtag } from "../../../shared/ids.ts";
import { retentionOf } from "../../../shared/limits/retention.ts";
import type { OrganizationsDeps } from "../deps.ts";
import { organizationEvents } from "../events.ts";
import type { operations } from "../operations.ts";
import { replaceOrganization } from "../store.ts";
import { changedSettings, retentionIssues, settingChanges } from "./rules/merge.ts";

type Ops = typeof operations;

/** The settings are part of the organization, and change under its entity tag. */
const shown = (organization: Organization) => ({
  organization_id: organization.id,
  version: organization.settings.version,
  retention: retentionOf(organization),
  general: generalOf(organization.settings),
  notifications: notificationsOf(organization.settings),
  security: securityOf(organization),
  etag: organization.etag,
});

/** How members sign in is the enforcement's to say while there is one. */
function requireOpen(read: Organization, { security }: Call<Ops["updateSettings"]>["body"]): void {
  if (read.break_glass_user_id === undefined || security?.sign_in_methods === undefined) return;
  throw new Problem(
    "conflict",
    "Sign-in through a provider is enforced. Take that back before you change the methods.",
    {
      members: { state: "sso_enforced" },
    },
  );
}

export const getSettings: Handler<Ops["getSettings"], OrganizationsDeps> = async (call) => shown(await call.load());

export const updateSettings: Handler<Ops["updateSettings"], OrganizationsDeps> = async (call, { table }) => {
  const { body, at } = call;
  return updateWithRetry(call.if_match, async (how) => {
    const read = await call.load(how);
    requireMatch(call.if_match, read.etag);
    const issues = retentionIssues(read.plan, body.retention ?? {});
    if (issues.length > 0) throw invalid(issues);
    const settings = changedSettings(read.settings, body);
    const changes = settingChanges(read.settings, settings);
    if (changes.length === 0) return shown(read);
    requireOpen(read, body);
    requireStayingIn(call.refusedUnder({ ...read, settings }));
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
