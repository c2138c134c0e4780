import * as z from "zod";
import { decide, expandGrants } from "../../shared/access/decide.ts";
import { levelOf } from "../../shared/access/levels.ts";
import type { Grant, Permission } from "../../shared/access/permissions.ts";
import { type Membership, membershipSchema, NEVER_SEEN, type User, userSchema } from "../../shared/identity/items.ts";
import { OWNER } from "../../shared/identity/owners.ts";
import { idSchema } from "../../shared/ids.ts";
import { defineStates } from "../../shared/states.ts";
import { cutText, foldText } from "../../shared/text.ts";

export { levelOf };

/** A person as they see themselves. */
export const userView = userSchema
  .omit({
    etag: true,
    subs: true,
    epoch: true,
    sessions_opened: true,
    sessions_live: true,
    password_hold_until: true,
    break_glass_in: true,
  })
  .meta({ id: "User", description: "A person, in any number of organizations." });

const levelSchema = z
  .int()
  .min(1)
  .max(3)
  .meta({ description: "1 task performer, 2 process owner, 3 value-chain owner; follows from the role.", example: 1 });

/** Somebody to whom work can be given. */
export const delegateeSchema = z
  .object({ id: userSchema.shape.id, name: z.string(), level: levelSchema })
  .meta({ id: "Delegatee", description: "An active member to whom the caller can give work." });

/** A member as the organization sees them: the person, and what they are here. Rights come from the membership. */
export const memberSchema = z
  .object({
    id: userSchema.shape.id,
    email: z.string(),
    name: z.string(),
    role: z.string(),
    level: levelSchema,
    status: membershipSchema.shape.status.meta({ description: "Of the membership in this organization." }),
    joined_via: membershipSchema.shape.joined_via,
    joined_at: z.string(),
    last_seen_on: z.iso.date().nullable().meta({
      description: "The day of their last request in this organization, in UTC; null before the first.",
      example: "2026-01-01",
    }),
    last_login_at: z.string().nullable(),
    updated_at: z.string(),
  })
  .meta({ id: "Member", description: "A user as a member of the active organization." });

export const toMember = (user: User, membership: Membership) => ({
  id: user.id,
  email: user.email,
  name: user.name,
  role: membership.role,
  level: levelOf(membership.role),
  status: membership.status,
  joined_via: membership.joined_via,
  joined_at: membership.joined_at,
  last_login_at: user.last_login_at,
  last_seen_on: membership.last_seen_on === NEVER_SEEN ? null : membership.last_seen_on,
  updated_at: membership.updated_at,
  etag: membership.etag,
});

const memberStatuses = membershipSchema.shape.status.options;

export const memberStates = defineStates("member", memberStatuses, [
  { from: [], to: "active", why: "They register the organization or join it." },
  { from: [], to: "suspended", why: "A directory brings them who has not activated them." },
  { from: ["active"], to: "suspended", why: "An administrator suspends them, or a directory deactivates them." },
  { from: ["suspended"], to: "active", why: "An administrator restores them, or a directory activates them." },
  { from: ["active", "suspended"], to: "removed", why: "An administrator or a directory removes them, or they leave." },
  { from: ["removed"], to: "active", why: "They are invited again and join, or a directory brings them again." },
  { from: ["removed"], to: "suspended", why: "A directory brings them again who has not activated them." },
]);

const removalStatuses = ["running", "completed"] as const;

export const removalStates = defineStates("removal", removalStatuses, [
  {
    from: [],
    to: "running",
    why: "A member was removed or left: refused from then on, and what they held is given up.",
  },
  { from: ["running"], to: "completed", why: "Nothing of it is left, or they have joined again." },
]);

/** What somebody who is gone held, and what became of it. */
export const removalSchema = z
  .object({
    user_id: idSchema("user"),
    organization_id: idSchema("organization"),
    successor_id: idSchema("user"),
    status: z.enum(removalStatuses).meta({ id: "RemovalStatus" }),
    invitations_revoked: z.number().int().meta({ description: "Pending invitations that they had sent." }),
    teams_left: z.number().int().meta({ description: "Teams that they were in." }),
    workspaces_left: z.number().int().meta({ description: "Workspaces that they were in." }),
    workspaces_handed_over: z
      .number()
      .int()
      .meta({ description: "Those of them whose only owner they were; the successor is now." }),
    agents_handed_over: z.number().int().meta({ description: "Agents that they owned; the successor does now." }),
    pipelines_handed_over: z.number().int(),
    schedules_handed_over: z.number().int(),
    webhooks_handed_over: z.number().int(),
    threads_deleted: z.number().int().meta({ description: "Their conversations with agents." }),
    api_keys_revoked: z.number().int().default(0).meta({
      description: "Their API keys: nobody gets those, since who has left knows them.",
    }),
    removed_by: z.string().meta({
      description: "A user, or the token by which a directory did it.",
      example: "usr_01JDQ4X0Z5V8W3N7K2M9R6T1BC",
    }),
    removed_at: z.string(),
    completed_at: z.string().nullable(),
  })
  .meta({ id: "Removal", description: "The removal of a member: access ends at once, the rest follows." });

/** By what a list of members can be sorted; with a minus the other way round. */
export const memberSorts = ["name", "-name", "joined_at", "-joined_at", "last_seen_on", "-last_seen_on"] as const;

/**
 * What a list of members is sorted by where it goes by name. It ends with two spaces, which no folded name has in it:
 * whatever follows in a key, a name stands before those that go on where it ends.
 */
export const nameKeyOf = (name: string): string => `${cutText(foldText(name), 100)}  `;

/** Whether a membership counts among the owners that an organization must not run out of. */
export const isActiveOwner = (membership: Pick<Membership, "role" | "status">): boolean =>
  membership.role === OWNER && membership.status === "active";

/**
 * Permissions of a role, by its grants, that somebody with these grants does not hold. Nobody gives, takes or suspends more than they
 * hold themselves: an administrator cannot make owners, nor push one out.
 */
export const beyond = (grants: readonly Grant[], role: readonly Grant[]): Permission[] =>
  expandGrants(role).filter((permission) => !decide(grants, permission).allowed);
