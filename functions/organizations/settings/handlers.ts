import { draft } from "../../../shared/change/events.ts";
import { requireMatch, updateWithRetry } from "../../../shared/change/update.ts";
import { timestamp } from "../../../shared/clock.ts";
import { type ErrorCode, Problem } from "../../../shared/errors.ts";
import type { Handler } from "../../../shared/http/call.ts";
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
  security: securityOf(organization.settings),
  etag: organization.etag,
});

/** Refusals that a new sign-in of the same person would meet again, each with what to do before. */
const REMEDIES: Partial<Record<ErrorCode, string>> = {
  address_not_allowed: "Add the network that you come from.",
  sign_in_method_not_allowed: "Sign in by a method that stays allowed, and try again.",
  mfa_enrolment_required: "Turn your own second factor on, and try again.",
};

/** Nobody shuts the door behind themselves: what an administrator asks of the others they have done before. */
function requireStayingIn(refusal: Problem | undefined): void {
  const remedy = refusal === undefined ? undefined : REMEDIES[refusal.code];
  if (refusal === undefined || remedy === undefined) return;
  throw new Problem("conflict", `This would lock you out yourself. ${refusal.detail} ${remedy}`, {
    members: { refusal: refusal.code },
  });
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
    requireStayingIn(call.refusedUnder(settings));
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
