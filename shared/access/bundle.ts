import * as z from "zod";
import type { Condition } from "../dynamo/condition.ts";
import { defineItem, type ItemOf } from "../dynamo/item.ts";
import type { Table, TenantTable } from "../dynamo/table.ts";
import { lostRace, type Write } from "../dynamo/write.ts";
import { type Organization, organizationItem } from "../identity/items.ts";
import { idSchema } from "../ids.ts";
import type { EnforcedPolicy, PolicyBundle } from "../policies/language.ts";
import type { Grant } from "./permissions.ts";

/**
 * What an organization has decided about access itself, in one item with a version that the organization's own record names.
 * Every request reads that record with the caller's rights, so a change bites on the next request, and this item is
 * read only where a process does not hold that version (docs/adr/0085).
 */

/** A grant as it is kept: what the catalogue has no more covers nothing, and is no fault. */
export const keptGrantSchema = z.string() as z.ZodType<Grant>;

/** A role of the organization's own, as far as rights come from it. */
const ruleRoleSchema = z.object({
  id: idSchema("role"),
  name: z.string(),
  grants: z.array(keptGrantSchema),
  /** Rises with each change of the grants. */
  revision: z.int(),
});
export type RuleRole = z.output<typeof ruleRoleSchema>;

export const accessRulesItem = defineItem({
  type: "access_rules",
  summary:
    "What an organization has decided about access itself, as one item: read where a process does not hold the version that the organization names.",
  schema: z.object({
    version: z.int(),
    roles: z.array(ruleRoleSchema),
    /** Those in force. Their engine takes whatever they are: what it cannot evaluate denies (docs/adr/0087). */
    policies: z.array(z.custom<EnforcedPolicy>((value) => typeof value === "object")).optional(),
    /** Types of things with which nothing may be done unless a policy allows it. */
    denied_by_default: z.array(z.string()).optional(),
  }),
  key: { pk: "ACCESS_RULES", sk: "ACCESS_RULES" },
  json: ["policies"],
});
export type AccessRules = ItemOf<typeof accessRulesItem>;

/** The rules of an organization, as decisions are made by them. */
export interface Rules {
  readonly version: number;
  readonly roles: ReadonlyMap<string, RuleRole>;
  /** What is asked after the role has granted; undefined where nothing is. The same object as long as the version is the same. */
  readonly policies: PolicyBundle | undefined;
}

type Versioned = Pick<Organization, "id" | "rules_version">;

const NONE: Rules = { version: 0, roles: new Map(), policies: undefined };

/** Organizations whose rules a process holds: at their bound some 350 KB each. */
const HELD = 100;
const held = new WeakMap<Table, Map<string, Rules>>();

/** The rules of an organization as its record names them, or newer ones. One read where this process holds neither. */
export async function rulesOf(table: Table, { id, rules_version }: Versioned): Promise<Rules> {
  if (rules_version === undefined) return NONE;
  const ours = held.get(table) ?? new Map<string, Rules>();
  held.set(table, ours);
  const known = ours.get(id);
  // What was used last stands last, and what stands first goes.
  ours.delete(id);
  const rules = known !== undefined && known.version >= rules_version ? known : toRules(await readRules(table.of(id)));
  // A record and its rules are one transaction: whoever has seen the one sees the other.
  if (rules.version < rules_version) throw new Error(`rules ${rules.version} of ${id} are older than ${rules_version}`);
  const [first] = ours.keys();
  if (ours.size >= HELD && first !== undefined) ours.delete(first);
  ours.set(id, rules);
  return rules;
}

/** The rules as they are now, for whoever changes them. */
export const readRules = async (tenant: TenantTable): Promise<AccessRules> =>
  (await tenant.get(accessRulesItem, {})) ?? { version: 0, roles: [] };

const toRules = ({ version, roles, policies = [], denied_by_default = [] }: AccessRules): Rules => ({
  version,
  roles: new Map(roles.map((role) => [role.id, role])),
  policies: policies.length + denied_by_default.length === 0 ? undefined : { policies, denied_by_default },
});

/**
 * The writes that put other rules in the place of those that were read, from the next request on. A lost race is to be
 * read and judged anew: whatever changes rules is judged by all of them.
 */
export function replaceRules({ writes }: TenantTable, read: AccessRules, next: Omit<AccessRules, "version">): Write[] {
  const version = read.version + 1;
  const when = read.version === 0 ? { exists: false } : { equals: { version: read.version } };
  return [
    writes.put(accessRulesItem, { ...next, version }, when, lostRace),
    writes.update(organizationItem, {}, { set: { rules_version: version } }),
  ];
}

/** Holds where an organization's record still names the rules that it named when it was read. */
export const sameRules = ({ rules_version }: Versioned): Condition =>
  rules_version === undefined ? { absent: ["rules_version"] } : { equals: { rules_version } };
