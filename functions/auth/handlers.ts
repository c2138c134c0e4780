import { expandGrants } from "../../shared/access/decide.ts";
import { draft } from "../../shared/change/events.ts";
import { updateWithRetry } from "../../shared/change/update.ts";
import { timestamp } from "../../shared/clock.ts";
import { lostRace } from "../../shared/dynamo/write.ts";
import { badReference, notFound } from "../../shared/errors.ts";
import type { Handler } from "../../shared/http/call.ts";
import {
  isGone,
  membershipItem,
  organizationItem,
  PLATFORM,
  sessionItem,
  userItem,
  userOrganizationItem,
} from "../../shared/identity/items.ts";
import type { AuthDeps } from "./deps.ts";
import { authEvents } from "./events.ts";
import { SESSIONS_PER_USER } from "./model.ts";
import type { operations } from "./operations.ts";
import { liveSessions } from "./sessions/store.ts";

export { changeEmail, confirmEmail } from "./email-change/handlers.ts";
export { activateTotp, disableMfa, enrolTotp, getMfa, loginMfa, renewRecoveryCodes, resetMfa } from "./mfa/handlers.ts";
export { changePassword, forgotPassword, resetPassword } from "./passwords/handlers.ts";
export { joinDomain, lookUpRegistration, register, resendVerification, verifyEmail } from "./registration/handlers.ts";
export { join } from "./registration/join.ts";
export { endSession, listSessions, login, logout, refresh, signOutMember, signOutOthers } from "./sessions/handlers.ts";
export { stepUp } from "./step-up/handlers.ts";

type Ops = typeof operations;

export const me: Handler<Ops["me"], AuthDeps> = async ({ caller }) => ({
  user: caller.user,
  organization: caller.member?.organization ?? null,
  role: caller.member?.membership.role ?? null,
  refusal: caller.refusal?.code ?? null,
});

export const permissions: Handler<Ops["permissions"], AuthDeps> = async ({ caller }) => {
  const grants = caller.member?.grants ?? [];
  return { role: caller.member?.membership.role ?? null, grants: [...grants], permissions: expandGrants(grants) };
};

export const listMyOrganizations: Handler<Ops["listMyOrganizations"], AuthDeps> = async (
  { caller, query },
  { table },
) => {
  const page = await table.of(PLATFORM).page(userOrganizationItem, { of: { user_id: caller.user.id }, ...query });
  const items = await table.batch(
    page.items.flatMap(({ organization_id }) => [
      table.of(organization_id).read(organizationItem, {}),
      table.of(organization_id).read(membershipItem, { user_id: caller.user.id }),
    ]),
  );
  const organizations = page.items.flatMap((_, i) => {
    const organization = items[2 * i] as (typeof organizationItem)["schema"]["_output"] | undefined;
    const membership = items[2 * i + 1] as (typeof membershipItem)["schema"]["_output"] | undefined;
    if (organization === undefined || membership === undefined || membership.status === "removed") return [];
    const { id, name, slug, status, deletion } = organization;
    const { role, joined_via, joined_at } = membership;
    return [
      {
        id,
        name,
        slug,
        status,
        erase_at: deletion?.erase_at ?? null,
        role,
        membership_status: membership.status,
        joined_via,
        joined_at,
        default: id === caller.user.default_organization_id,
      },
    ];
  });
  return { items: organizations, next_cursor: page.next_cursor };
};

export const switchOrganization: Handler<Ops["switchOrganization"], AuthDeps> = async (call, { table }) => {
  const { caller, body, at } = call;
  const tenant = table.of(body.organization_id);
  const [organization, membership] = await table.batch([
    tenant.read(organizationItem, {}),
    tenant.read(membershipItem, { user_id: caller.user.id }),
  ]);
  if (organization === undefined || membership?.status !== "active" || isGone(organization))
    throw badReference("organization_id");
  const platform = table.of(PLATFORM);
  const set = { default_organization_id: organization.id };
  // Each session repeats the default, so all of them change with the user; one opened meanwhile makes it begin anew.
  return updateWithRetry(undefined, async () => {
    const read = await platform.get(userItem, { id: caller.user.id });
    if (read === undefined) throw notFound();
    const sessions = await liveSessions(table, read, at);
    const { sessions_opened } = read;
    const user = { ...read, ...set, updated_at: timestamp(at) };
    const field = { field: "default_organization_id", old: read.default_organization_id, new: organization.id };
    return call.commit(
      {
        writes: [
          platform.writes.update(
            userItem,
            { id: user.id },
            { set: { ...set, updated_at: user.updated_at } },
            { equals: { sessions_opened } },
            lostRace,
          ),
          ...sessions.map(({ sub, origin_jti }) =>
            platform.writes.update(sessionItem, { sub, origin_jti }, { set }, { exists: true }, lostRace),
          ),
          tenant.writes.check(membershipItem, { user_id: user.id }, { equals: { status: "active" } }, () =>
            badReference("organization_id"),
          ),
        ],
        events: [
          draft(
            authEvents,
            "user.default_organization_changed",
            { id: user.id, name: user.name },
            { user_id: user.id, organization_id: organization.id },
            { changes: [field] },
          ),
        ],
        // User and membership, every session, the event with its entry, the answer.
        largest: SESSIONS_PER_USER + 5,
      },
      { user, organization, role: membership.role },
      { tenant: organization.id, actor: caller.principal },
    );
  });
};
