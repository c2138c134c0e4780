import * as z from "zod";
import { descriptionSchema, nameSchema } from "../../shared/http/schemas.ts";
import { membershipSchema } from "../../shared/identity/items.ts";
import { TEAM_LEVELS, teamRoleSchema } from "../../shared/identity/team-tree.ts";
import { idSchema } from "../../shared/ids.ts";

/**
 * Teams: named sets of people, one under another.
 *
 * What a team is granted reaches the people of the teams below it. So whoever is put into a team is also a member of
 * each team above it, by inheritance: they count there wherever grants are looked up (`teamsOf`), are shown there on
 * demand with the team they come from (`inherited_from`), and leave when they leave that one. Nothing is inherited upwards:
 * a member of a team is none of the teams below.
 *
 * Leads decide who belongs to their team and to all teams below it. They are members in every other respect: what a
 * team is called, where it stands and whether it is there is for those who hold `teams:update` and `teams:delete`.
 */

/** How large teams can become. The first three bound the one item that holds the tree: some 32 KB at most. */
export const teamLimits = {
  /** Levels of nesting, a team without a parent being the first. */
  levels: TEAM_LEVELS,
  /** Teams directly under one team: all of them move in the transaction that deletes it. */
  children: 80,
  /** Teams of an organization that have a parent. */
  nested: 500,
  members: 5_000,
  teams_of_user: 100,
} as const;

export const teamSchema = z
  .object({
    id: idSchema("team"),
    organization_id: idSchema("organization"),
    name: nameSchema,
    description: descriptionSchema,
    parent_id: idSchema("team").nullable().meta({ description: "The team above it." }),
    directory: z.boolean().meta({
      description: "Whether the company's directory made it, which then keeps its name and its members.",
    }),
    member_count: z.number().int().meta({ description: "People in this very team, those of teams below not counted." }),
    created_by: z.string(),
    created_at: z.string(),
    updated_at: z.string(),
  })
  .meta({ id: "Team", description: "A named set of people; what it is granted reaches the teams below it." });

export { teamRoleSchema };
export type TeamRole = z.output<typeof teamRoleSchema>;

export const teamMemberSchema = z
  .object({
    team_id: idSchema("team"),
    user_id: idSchema("user"),
    role: teamRoleSchema,
    added_by: z.string(),
    created_at: z.string(),
    updated_at: z.string(),
  })
  .meta({ id: "TeamMember", description: "A user in a team." });

const inherited_from = idSchema("team")
  .nullable()
  .meta({ description: "The team below by which somebody belongs to this one; null for those in the team itself." });

/** A row of a list of members: whose membership in the organization is not active has no part in the team. */
export const listedMemberSchema = teamMemberSchema
  .extend({
    status: membershipSchema.shape.status.meta({
      description: "Of the membership in the organization: only `active` ones have what the team is granted.",
    }),
    inherited_from,
  })
  .meta({ id: "ListedTeamMember", description: "A user in a team, in itself or by a team below." });

/** A team that a user belongs to, in itself or because it stands above one that they are in. */
export const teamOfUserSchema = z
  .object({ team_id: idSchema("team"), role: teamRoleSchema, inherited_from })
  .meta({ id: "TeamOfUser", description: "A team of a user. By inheritance everybody is a plain member." });
export type TeamOfUser = z.output<typeof teamOfUserSchema>;

/**
 * By what names are told apart and sorted: the same for two spellings of one name in capitals or not, composed or not.
 * By way of capitals, because only there are `ß` and `ss`, or the two small sigmas, one.
 */
export const nameKey = (name: string): string => name.normalize("NFC").toUpperCase().normalize("NFC");
