import { draft, type EventDraft } from "../../../shared/change/events.ts";
import { timestamp } from "../../../shared/clock.ts";
import { alreadyExists, type Problem } from "../../../shared/errors.ts";
import {
  emailItem,
  membershipItem,
  type Organization,
  organizationItem,
  PLATFORM,
  poolAccountItem,
  slugItem,
  type User,
  userItem,
  userOrganizationItem,
} from "../../../shared/identity/items.ts";
import { countOwner } from "../../../shared/identity/owners.ts";
import { UNSET } from "../../../shared/identity/settings.ts";
import { newId } from "../../../shared/ids.ts";
import { takeQuota } from "../../../shared/limits/quota.ts";
import { organizationEvents } from "../../organizations/events.ts";
import { newMember, type Workspace, workspaceEvents, workspaceWrites } from "../../workspaces/public.ts";
import type { AuthDeps } from "../deps.ts";
import { authEvents } from "../events.ts";
import type { Registration } from "./store.ts";

export interface Founded {
  readonly user: User;
  readonly organization: Organization;
  readonly workspace: Workspace;
}

/** Names that are given before the transaction, because the pool and the session know them too. */
export interface Names {
  readonly user_id: string;
  readonly sub: string;
  readonly organization_id: string;
}

export const emailTaken = (): Problem =>
  alreadyExists("email", "There is an account with this e-mail by now. Sign in instead, or reset the password.");

/** An organization with its first user and workspace, as registered. */
export function found(
  registration: Registration,
  { user_id, sub, organization_id }: Names,
  slug: string,
  at: Date,
): Founded {
  const now = timestamp(at);
  const stamps = { created_at: now, updated_at: now, etag: newId("event", at) };
  return {
    user: {
      id: user_id,
      email: registration.email,
      name: registration.name,
      status: "active",
      default_organization_id: organization_id,
      last_login_at: now,
      sub,
      epoch: 0,
      sessions_opened: 1,
      sessions_live: 1,
      ...stamps,
    },
    organization: {
      id: organization_id,
      name: registration.organization_name,
      slug,
      status: "active",
      plan: "free",
      settings: UNSET,
      created_by: user_id,
      ...stamps,
    },
    workspace: {
      id: newId("workspace", at),
      organization_id,
      name: "Development",
      description: "",
      workspace_type: "permanent",
      environment: "development",
      color: null,
      status: "active",
      audience: "organization",
      owner_count: 1,
      member_count: 1,
      resource_count: 0,
      expires_at: null,
      created_by: user_id,
      archived_at: null,
      ...stamps,
    },
  };
}

export function foundingWrites(
  { table }: Pick<AuthDeps, "table">,
  { user, organization, workspace }: Founded,
  at: Date,
) {
  const platform = table.of(PLATFORM).writes;
  const tenant = table.of(organization.id).writes;
  const { created_at, updated_at, etag } = user;
  return [
    platform.create(emailItem, { email: user.email, user_id: user.id }, emailTaken),
    platform.create(slugItem, { slug: organization.slug, organization_id: organization.id }, slugTaken),
    platform.create(userItem, user),
    platform.create(poolAccountItem, { sub: user.sub, user_id: user.id }),
    platform.create(userOrganizationItem, { user_id: user.id, organization_id: organization.id }),
    tenant.create(organizationItem, organization),
    tenant.create(membershipItem, {
      organization_id: organization.id,
      user_id: user.id,
      role: "org_owner",
      joined_via: "registration",
      status: "active",
      primary: true,
      joined_at: created_at,
      updated_at,
      etag,
    }),
    takeQuota(table.of(organization.id), organization.plan, "users"),
    countOwner(table.of(organization.id)),
    ...workspaceWrites(table, organization.plan, workspace, [newMember(workspace.id, user.id, "owner", user.id, at)]),
  ];
}

export const slugTaken = (): Problem =>
  alreadyExists("organization_slug", "This slug is taken. Choose another, or leave it out.");

export const foundingEvents = ({ user, organization, workspace }: Founded): [EventDraft, ...EventDraft[]] => [
  draft(
    organizationEvents,
    "organization.created",
    { id: organization.id, name: organization.name },
    { organization_id: organization.id, name: organization.name },
  ),
  draft(authEvents, "user.registered", { id: user.id, name: user.name }, { user_id: user.id }),
  draft(
    organizationEvents,
    "membership.added",
    { id: user.id, name: user.name },
    { organization_id: organization.id, user_id: user.id, role: "org_owner" },
  ),
  draft(
    workspaceEvents,
    "workspace.created",
    { id: workspace.id, name: workspace.name },
    { workspace_id: workspace.id, name: workspace.name },
  ),
];
