import { draft, type EventDraft } from "../../../shared/change/events.ts";
import { timestamp } from "../../../shared/clock.ts";
import { alreadyExists, type Problem } from "../../../shared/errors.ts";
import { type Organization, organizationItem, PLATFORM, slugItem, type User } from "../../../shared/identity/items.ts";
import { UNSET } from "../../../shared/identity/settings.ts";
import { newId } from "../../../shared/ids.ts";
import { organizationEvents } from "../../organizations/events.ts";
import { type Joining, joined, joinWrites } from "../../users/public.ts";
import { newMember, type Workspace, workspaceEvents, workspaceWrites } from "../../workspaces/public.ts";
import type { AuthDeps } from "../deps.ts";
import type { Registration } from "./store.ts";

export interface Founded {
  readonly organization: Organization;
  readonly workspace: Workspace;
}

/** The organization that was registered, with a first workspace; its founder's default. */
export function found(registration: Registration, founder: User, slug: string, at: Date): Founded {
  const now = timestamp(at);
  const stamps = { created_at: now, updated_at: now, etag: newId("event", at) };
  const organization_id = founder.default_organization_id;
  return {
    organization: {
      id: organization_id,
      name: registration.organization_name,
      slug,
      status: "active",
      plan: "free",
      settings: UNSET,
      created_by: founder.id,
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
      created_by: founder.id,
      archived_at: null,
      ...stamps,
    },
  };
}

export function foundingWrites({ table }: Pick<AuthDeps, "table">, { organization, workspace }: Founded, at: Date) {
  const { id, plan, slug, created_by } = organization;
  return [
    table.of(PLATFORM).writes.create(slugItem, { slug, organization_id: id }, slugTaken),
    table.of(id).writes.create(organizationItem, organization),
    ...joinWrites(table, foundersJoining(organization, at)),
    ...workspaceWrites(table, plan, workspace, [newMember(workspace.id, created_by, "owner", created_by, at)]),
  ];
}

export const slugTaken = (): Problem =>
  alreadyExists("organization_slug", "This slug is taken. Choose another, or leave it out.");

/** Whoever registers an organization is its first owner. */
const foundersJoining = (organization: Organization, at: Date): Joining => ({
  organization,
  user_id: organization.created_by,
  role: "org_owner",
  joined_via: "registration",
  primary: true,
  at,
});

export const foundingEvents = (
  { organization, workspace }: Founded,
  founder: User,
  at: Date,
): [EventDraft, ...EventDraft[]] => [
  draft(
    organizationEvents,
    "organization.created",
    { id: organization.id, name: organization.name },
    { organization_id: organization.id, name: organization.name },
  ),
  joined(foundersJoining(organization, at), founder),
  draft(
    workspaceEvents,
    "workspace.created",
    { id: workspace.id, name: workspace.name },
    { workspace_id: workspace.id, name: workspace.name },
  ),
];
