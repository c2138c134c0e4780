import * as z from "zod";
import { builtInRoleNames } from "../access/roles.ts";
import { idPrefixes, idSchema } from "../ids.ts";

/** Built-in roles that people get without somebody who gives it to them: never one that manages others, or the organization. */
export const givenRoles: readonly string[] = builtInRoleNames.filter(
  (role) => role !== "org_owner" && role !== "org_admin",
);
export const givenRoleSchema = z
  .string()
  .regex(
    new RegExp(`^(${givenRoles.join("|")}|${idPrefixes.role}_[0-9A-HJKMNP-TV-Z]{26})$`),
    `must be ${givenRoles.join(", ")}, or the id of a role of the organization's own, like ${idPrefixes.role}_01J…`,
  )
  .meta({
    id: "GivenRole",
    description:
      "A role that is given by rule: built in, or the id of one of the organization's own. Owners, administrators and others who manage people are made by people only.",
    example: "viewer",
  });

/** What being in a group of the company's directory gives. */
export const groupRuleSchema = z
  .strictObject({
    group: z.string().trim().min(1).max(256).meta({
      description: "The group as the provider names it, in capitals or not.",
      example: "Engineering",
    }),
    role: givenRoleSchema.optional(),
    team_id: idSchema("team").optional(),
  })
  .refine(({ role, team_id }) => role !== undefined || team_id !== undefined, "must give a role or a team")
  .meta({ id: "GroupRule", description: "What being in a group of the directory gives: a role, a team, or both." });
export type GroupRule = z.output<typeof groupRuleSchema>;

/** Rules of one connection or directory, in order of weight. */
export const groupRulesSchema = z.array(groupRuleSchema).max(100);

/** What somebody is in the organization now. */
export interface Standing {
  readonly role: string;
  readonly team_ids: readonly string[];
}

/** What somebody is to be by the rules. */
export interface Ruled {
  readonly role: string;
  readonly enter: readonly string[];
  readonly leave: readonly string[];
}

/** Names of groups are compared in capitals after NFC, as names of teams are. */
const nameOf = (group: string): string => group.trim().normalize("NFC").toUpperCase();

/**
 * Applies the rules to the groups that somebody is in.
 *
 * - Role: the first rule that matches and names one; where rules name roles and none matches, `default_role`; where no
 *   rule names a role, the role stays. Owners and administrators keep theirs: people have made them. What is not given by
 *   rule, or not any more, is given to nobody.
 * - Teams: in those of the rules that match, and out of those that only rules name which don't. Other teams stay.
 * @param groups undefined where the provider did not say (Microsoft Entra leaves the claim out of people in many
 *   groups): nothing changes then, which is not the same as being in none
 * @param by_rule roles that people get and lose by rules (`rolesByRule`); of the built-in ones unless told
 */
export function ruled(
  rules: readonly GroupRule[],
  groups: readonly string[] | undefined,
  now: Standing,
  default_role: string,
  by_rule: ReadonlySet<string> = new Set(givenRoles),
): Ruled {
  if (groups === undefined) return { role: now.role, enter: [], leave: [] };
  const names = new Set(groups.map(nameOf));
  const matching = rules.filter(({ group }) => names.has(nameOf(group)));
  const teams = (of: readonly GroupRule[]) => new Set(of.flatMap(({ team_id }) => team_id ?? []));
  const wanted = teams(matching);
  const left = now.team_ids.filter((team) => teams(rules).has(team) && !wanted.has(team));
  return {
    role: roleBy(rules, matching, now.role, default_role, by_rule),
    enter: [...wanted].filter((team) => !now.team_ids.includes(team)),
    leave: left,
  };
}

function roleBy(
  rules: readonly GroupRule[],
  matching: readonly GroupRule[],
  now: string,
  fallback: string,
  by_rule: ReadonlySet<string>,
): string {
  if (!by_rule.has(now) || rules.every(({ role }) => role === undefined)) return now;
  const next = matching.find(({ role }) => role !== undefined)?.role ?? fallback;
  return by_rule.has(next) ? next : now;
}
