import { draft, type EventDraft } from "../../../shared/change/events.ts";
import { timestamp } from "../../../shared/clock.ts";
import { alreadyExists, Problem } from "../../../shared/errors.ts";
import type { Call } from "../../../shared/http/call.ts";
import type { Output } from "../../../shared/http/operation.ts";
import {
  emailItem,
  membershipItem,
  type Organization,
  organizationItem,
  PLATFORM,
  sessionItem,
  slugItem,
  type User,
  userItem,
  userOrganizationItem,
} from "../../../shared/identity/items.ts";
import { countOwner } from "../../../shared/identity/owners.ts";
import { newId } from "../../../shared/ids.ts";
import { takeQuota } from "../../../shared/limits/quota.ts";
import { cutText } from "../../../shared/text.ts";
import { organizationEvents } from "../../organizations/events.ts";
import { newMember, type Workspace, workspaceEvents, workspaceWrites } from "../../workspaces/public.ts";
import type { AuthDeps } from "../deps.ts";
import { authEvents } from "../events.ts";
import { slugify } from "../model.ts";
import type { operations } from "../operations.ts";
import { openSession } from "../sessions/open.ts";

type Register = (typeof operations)["register"];

/** How many slugs are tried when the caller left the choice to us. */
const SLUG_TRIES = 4;

const emailTaken = (): Problem => alreadyExists("email", "There is an account with this e-mail. Sign in instead.");

/**
 * Registers a company and its first user: organization, user, membership, workspace and session are one transaction.
 * The provider's account is made before it under the new user id; the e-mail marker in the table is the only way to
 * it. When the registration is refused it is deleted again. When the transaction's answer is lost nobody knows whether
 * it was written, so the account stays: unreachable if it was not, and the user's own if it was.
 */
export async function register(call: Call<Register>, deps: AuthDeps): Promise<Output<Register>> {
  const { body, at } = call;
  if ((await deps.table.of(PLATFORM).get(emailItem, { email: body.email })) !== undefined) throw emailTaken();
  const userId = newId("user", at);
  let uncertain = false;
  try {
    await deps.identities.createUser(userId, body.email, body.password);
    const provider = await deps.identities.signIn(userId, body.password);
    if (provider === undefined) throw new Error("the provider refused a user that it has just created");
    const { session, tokens } = await openSession(deps, userId, provider, call.request, at);
    for (let attempt = 1; ; attempt++) {
      const founded = found(call, userId, slugFor(body, attempt, deps));
      try {
        return await call.commit(
          {
            writes: [...writesOf(deps, founded, at), deps.table.of(PLATFORM).writes.create(sessionItem, session)],
            events: [
              ...eventsOf(founded),
              draft(authEvents, "session.signed_in", { id: session.id }, { user_id: userId, session_id: session.id }),
            ],
          },
          { user: founded.user, organization: founded.organization, workspace: founded.workspace, tokens },
          { tenant: founded.organization.id, actor: { type: "user", id: userId } },
        );
      } catch (error) {
        uncertain = !(error instanceof Problem) || error.status >= 500;
        const takenSlug = error instanceof Problem && error.options.issues?.[0]?.path === "organization_slug";
        if (!takenSlug || body.organization_slug !== undefined || attempt === SLUG_TRIES) throw error;
      }
    }
  } catch (error) {
    // An account that cannot be deleted now is as unreachable as one that is gone: the refusal is what matters.
    if (!uncertain) await deps.identities.deleteUser(userId).catch(() => undefined);
    throw error;
  }
}

/** The wanted slug; one derived from the name gets a random ending when the plain one is taken. */
const slugFor = (body: Call<Register>["body"], attempt: number, deps: AuthDeps): string => {
  if (body.organization_slug !== undefined) return body.organization_slug;
  const slug = slugify(body.organization_name);
  return attempt === 1
    ? slug
    : `${cutText(slug, 56)}-${deps
        .randomSecret()
        .toLowerCase()
        .replaceAll(/[^a-z0-9]/g, "")
        .slice(0, 6)}`;
};

interface Founded {
  readonly user: User;
  readonly organization: Organization;
  readonly workspace: Workspace;
}

function found({ body, at }: Call<Register>, userId: string, slug: string): Founded {
  const now = timestamp(at);
  const stamps = { created_at: now, updated_at: now, etag: newId("event", at) };
  const organizationId = newId("organization", at);
  return {
    user: {
      id: userId,
      email: body.email,
      name: body.name,
      status: "active",
      default_organization_id: organizationId,
      last_login_at: now,
      sessions_valid_from: now,
      ...stamps,
    },
    organization: {
      id: organizationId,
      name: body.organization_name,
      slug,
      status: "active",
      plan: "free",
      created_by: userId,
      ...stamps,
    },
    workspace: {
      id: newId("workspace", at),
      organization_id: organizationId,
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
      created_by: userId,
      archived_at: null,
      ...stamps,
    },
  };
}

function writesOf({ table }: AuthDeps, { user, organization, workspace }: Founded, at: Date) {
  const platform = table.of(PLATFORM).writes;
  const tenant = table.of(organization.id).writes;
  const { created_at, updated_at, etag } = user;
  return [
    platform.create(emailItem, { email: user.email, user_id: user.id }, emailTaken),
    platform.create(slugItem, { slug: organization.slug, organization_id: organization.id }, () =>
      alreadyExists("organization_slug", "This slug is taken. Choose another."),
    ),
    platform.create(userItem, user),
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

const eventsOf = ({ user, organization, workspace }: Founded): [EventDraft, ...EventDraft[]] => [
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
