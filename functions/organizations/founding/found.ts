import { draft, type EventDraft } from "../../../shared/change/events.ts";
import { timestamp } from "../../../shared/clock.ts";
import type { Table } from "../../../shared/dynamo/table.ts";
import type { Write } from "../../../shared/dynamo/write.ts";
import { alreadyExists, Problem } from "../../../shared/errors.ts";
import { type Organization, organizationItem, PLATFORM, slugItem, type User } from "../../../shared/identity/items.ts";
import { UNSET } from "../../../shared/identity/settings.ts";
import { newEtag, newId } from "../../../shared/ids.ts";
import { cutText } from "../../../shared/text.ts";
import { type Joining, joined, joinWrites } from "../../users/public.ts";
import { newMember, type Workspace, workspaceEvents, workspaceWrites } from "../../workspaces/public.ts";
import { organizationEvents } from "../events.ts";
import { termWrites } from "../finding/store.ts";
import { FOUNDED_PER_USER, slugify } from "../model.ts";
import { founderItem } from "../store.ts";

/** What somebody asks for who founds an organization. */
export interface Wish {
  readonly organization_id: string;
  readonly name: string;
  /** Null: one is derived from the name. */
  readonly slug: string | null;
  /** The field of the request that names the slug. */
  readonly slug_field: "slug" | "organization_slug";
  /** Another slug is worse than none: what was asked for is taken or refused. */
  readonly exact: boolean;
  readonly founder: Pick<User, "id" | "name">;
  /** Whether it is the founder's first one. */
  readonly primary: boolean;
  readonly at: Date;
}

export interface Founded {
  readonly organization: Organization;
  readonly workspace: Workspace;
  readonly writes: readonly Write[];
  readonly events: readonly [EventDraft, ...EventDraft[]];
}

/** Items at most: slug, count, organization, two terms, membership (4), workspace (3), three events with their entries. */
export const LARGEST_FOUNDING = 20;

/** How many slugs are tried; from the second on with a random ending. */
const SLUG_TRIES = 4;

/**
 * Founds an organization: itself, its first member and owner, a first workspace. A slug that has been taken meanwhile gets
 * a random ending and is tried again.
 * @param commit writes it, with whatever else belongs to it
 * @throws Problem `already_exists` (409) for a taken slug, `quota_exceeded` (402) for a founder of too many
 */
export async function found<T>(table: Table, wish: Wish, commit: (founded: Founded) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await commit(foundedAs(table, wish, slugFor(wish, attempt)));
    } catch (error) {
      const taken = error instanceof Problem && error.options.issues?.[0]?.path === wish.slug_field;
      if (!taken || wish.exact || attempt === SLUG_TRIES) throw error;
    }
  }
}

function foundedAs(table: Table, wish: Wish, slug: string): Founded {
  const { organization_id, name, founder, primary, at } = wish;
  const now = timestamp(at);
  const stamps = { created_at: now, updated_at: now, etag: newEtag(at) };
  const organization: Organization = {
    id: organization_id,
    name,
    slug,
    status: "active",
    suspension: null,
    deletion: null,
    plan: "free",
    settings: UNSET,
    created_by: founder.id,
    ...stamps,
  };
  const workspace: Workspace = {
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
  };
  const joining: Joining = {
    organization,
    user: founder,
    role: "org_owner",
    joined_via: "registration",
    primary,
    inactive: null,
    at,
  };
  return {
    organization,
    workspace,
    writes: [
      table.of(PLATFORM).writes.create(slugItem, { slug, organization_id }, () => slugTaken(wish.slug_field)),
      countFounded(table, founder.id),
      table.of(organization_id).writes.create(organizationItem, organization),
      ...termWrites(table, undefined, organization),
      ...joinWrites(table, joining),
      ...workspaceWrites(table, organization.plan, workspace, [
        newMember(workspace.id, founder.id, "owner", founder.id, at),
      ]),
    ],
    events: [
      draft(organizationEvents, "organization.created", { id: organization_id, name }, { organization_id, name }),
      joined(joining),
      draft(
        workspaceEvents,
        "workspace.created",
        { id: workspace.id, name: workspace.name },
        { workspace_id: workspace.id, name: workspace.name },
      ),
    ],
  };
}

export const slugTaken = (field: Wish["slug_field"]): Problem =>
  alreadyExists(field, "This slug is taken. Choose another, or leave it out.");

/** The write that counts one organization more of this founder. */
const countFounded = (table: Table, user_id: string): Write =>
  table
    .of(PLATFORM)
    .writes.update(
      founderItem,
      { user_id },
      { set: { user_id }, add: { organizations: 1 } },
      { any: [{ absent: ["organizations"] }, { below: { organizations: FOUNDED_PER_USER } }] },
      (old) =>
        new Problem(
          "quota_exceeded",
          `A user founds at most ${FOUNDED_PER_USER} organizations on the free plan; you have founded ${old?.organizations ?? 0}.`,
          { members: { resource: "organizations", limit: FOUNDED_PER_USER, usage: old?.organizations ?? 0 } },
        ),
    );

/** The wanted slug, or one derived from the name; a random ending when it has been taken meanwhile. */
function slugFor({ name, slug, at }: Wish, attempt: number): string {
  const wanted = slug ?? slugify(name);
  if (attempt === 1) return wanted;
  const ending = newEtag(at).slice(-6).toLowerCase();
  return `${cutText(wanted, 53).replace(/-+$/, "")}-${ending}`;
}
