import { type AccessRules, readRules } from "../../../shared/access/bundle.ts";
import { draft } from "../../../shared/change/events.ts";
import { timestamp } from "../../../shared/clock.ts";
import type { TenantTable } from "../../../shared/dynamo/table.ts";
import { type Issue, Problem } from "../../../shared/errors.ts";
import type { Handler } from "../../../shared/http/call.ts";
import { issuesOf } from "../../../shared/http/parse.ts";
import type { Asking } from "../../../shared/http/permit.ts";
import { newEtag, newId } from "../../../shared/ids.ts";
import { takeQuota } from "../../../shared/limits/quota.ts";
import type { Assignment } from "../../../shared/policies/language.ts";
import { assignmentsSchema } from "../../../shared/policies/schemas.ts";
import { nameKey } from "../../teams/model.ts";
import { teamItem, teamNameItem } from "../../teams/public.ts";
import { about, versionOf } from "../changing/change.ts";
import type { PolicyDeps } from "../deps.ts";
import { policyEvents } from "../events.ts";
import { definitionOf } from "../model.ts";
import { check } from "../rules/checking.ts";
import { differences } from "../rules/differences.ts";
import { assigned, referencesOf } from "../rules/references.ts";
import { checkedTests, policyTestsSchema } from "../rules/tests.ts";
import { policyItem, policyVersionItem, type StoredPolicy } from "../store.ts";
import { referred } from "../trials/referred.ts";
import { FORM, MOST_IN_DOCUMENT, type Portable } from "./model.ts";
import type { portableOperations } from "./operations.ts";
import { byId, byName, type NamedType, nameIn, type Swap, swapConditions, swapPrincipal } from "./rules/naming.ts";

type Ops = typeof portableOperations;

export const exportPolicies: Handler<Ops["exportPolicies"], PolicyDeps> = async (call, { table }) => {
  const { caller, query } = call;
  const tenant = table.of(caller.organization.id);
  const { status, ...rest } = query;
  const [page, { roles }] = await Promise.all([
    tenant.page(policyItem, {
      ...rest,
      ...(status === undefined ? { index: "gsi2", of: {} } : { index: "gsi1", of: { status } }),
    }),
    readRules(tenant),
  ]);
  const ids = new Set<string>();
  for (const policy of page.items)
    portable(
      policy,
      noted((type, id) => type === "team" && ids.add(String(id))),
    );
  const teams = [...ids].filter((id) => TEAM.test(id));
  const found = await table.batch(teams.map((id) => tenant.read(teamItem, { id })));
  const names = new Map([
    ...roles.map(({ id, name }) => [id, name] as const),
    ...found.flatMap((team) => (team === undefined ? [] : [[team.id, team.name] as const])),
  ]);
  const swap = byName((type, id) => (sees(call, type) ? names.get(id) : undefined));
  return {
    items: page.items.map((policy) => portable(policy, swap)),
    next_cursor: page.next_cursor,
  };
};

export const importPolicies: Handler<Ops["importPolicies"], PolicyDeps> = async (call, { table }) => {
  const { caller, at } = call;
  const { document, dry_run } = call.body;
  const tenant = table.of(caller.organization.id);
  const { policies, unresolved } = await resolved(document.items, tenant, await readRules(tenant), (type) =>
    sees(call, type),
  );
  if (unresolved.length > 0 && !dry_run) throw notThere(unresolved);
  const there = await newestByName(tenant, new Set(policies.map(({ name }) => name)));
  const ids = policies.map(() => newId("policy", at)).sort();
  const stamp = timestamp(at);
  const planned = policies.map((said, index) => {
    const present = there.get(said.name);
    const fields = present === undefined ? [] : differences(comparable(present), comparable(said));
    const state = present === undefined ? "new" : fields.length === 0 ? "unchanged" : "beside";
    const id = ids[index] ?? newId("policy", at);
    const policy: StoredPolicy = {
      ...{ id, organization_id: caller.organization.id, ...said, status: "draft", version: 1 },
      ...{ created_by: caller.principal.id, created_at: stamp, updated_at: stamp, etag: newEtag(at) },
    };
    return { state, present, fields, policy } as const;
  });
  const made = planned.filter(({ state }) => state !== "unchanged").map(({ policy }) => policy);
  const [first, ...more] = made.map((policy) => draft(policyEvents, "policy.created", policy, about(policy)));
  const answer = {
    dry_run,
    policies: planned.map(({ state, present, fields, policy }) => ({
      ...{ name: policy.name, state, differences: fields },
      policy_id: state === "unchanged" ? (present?.id ?? null) : dry_run ? null : policy.id,
    })),
    unresolved,
  };
  if (dry_run || first === undefined) return answer;
  return call.commit(
    {
      writes: [
        call.stillPermitted(),
        takeQuota(tenant, caller.organization.plan, "policies", made.length),
        ...made.flatMap((policy) => [
          tenant.writes.create(policyItem, policy),
          tenant.writes.create(policyVersionItem, versionOf(policy, call)),
        ]),
      ],
      events: [first, ...more],
      largest: LARGEST_IMPORT,
    },
    answer,
  );
};

/** Of each policy itself, its version, the event and its entry; the proofs, the count, the answer. */
const LARGEST_IMPORT = MOST_IN_DOCUMENT * 4 + 10;

const TEAM = /^tem_[0-9A-HJKMNP-TV-Z]{26}$/;

/** Whoever may not read teams, or roles, neither learns their names by a document nor finds them by these. */
const sees = ({ may }: Asking<"roles:read" | "teams:read">, type: NamedType): boolean =>
  may(type === "role" ? "roles:read" : "teams:read");

/** Swaps nothing, and tells what it came by. */
const noted =
  (tell: (type: NamedType, value: unknown, path: string) => void): Swap =>
  (type, value, path) => {
    tell(type, value, path);
    return value;
  };

/** A policy as it goes into a document. */
function portable(policy: StoredPolicy, swap: Swap): Portable {
  return {
    kaizen_policy: FORM,
    ...definitionOf(policy),
    conditions: swapConditions(policy.conditions, swap, "conditions") as StoredPolicy["conditions"],
    assignments: policy.assignments.map((one, index) => {
      if (one.type !== "role" && one.type !== "team") return one;
      const value = swap(one.type, one.id, `assignments.${index}`);
      return { type: one.type, ...(typeof value === "string" ? { id: value } : { name: nameIn(value) }) };
    }),
    tests: policy.tests.map((test, index) => ({
      ...test,
      principal: swapPrincipal(test.principal, swap, `tests.${index}.principal`),
    })),
  };
}

/** A policy of a document, as this organization would keep it. */
type Resolved = Pick<
  StoredPolicy,
  "name" | "description" | "effect" | "resource_type" | "action" | "conditions" | "assignments" | "tests"
>;

interface Unresolved {
  readonly path: string;
  readonly type: string;
  readonly named: string;
}

/**
 * Puts the ids of this organization in the place of names, and checks what comes of it.
 * @param seen whether the caller may read things of this type
 * @throws Problem `validation_failed` with everything that is wrong in the document
 */
async function resolved(
  policies: readonly Portable[],
  tenant: TenantTable,
  { roles }: AccessRules,
  seen: (type: NamedType) => boolean,
): Promise<{ readonly policies: Resolved[]; readonly unresolved: Unresolved[] }> {
  const teams = new Set<string>();
  const each = policies.map((policy, index) => ({ policy, at: `items.${index}` }));
  const note = noted((type, value) => {
    const name = nameIn(value);
    if (type === "team" && name !== undefined) teams.add(nameKey(name));
  });
  for (const { policy, at } of each) swappedOf(policy, note, at);
  const keys = [...teams];
  const found = await tenant.table.batch(keys.map((name_key) => tenant.read(teamNameItem, { name_key })));
  const team = new Map(keys.map((key, index) => [key, found[index]?.team_id]));
  const role = new Map(roles.map(({ id, name }) => [name, id]));
  const idOf = (type: NamedType, name: string) => {
    if (!seen(type)) return undefined;
    return type === "role" ? role.get(name) : team.get(nameKey(name));
  };
  const swap = byId(idOf);
  const issues: Issue[] = [];
  const unresolved: Unresolved[] = [];
  const missing = noted((type, value, path) => {
    const name = nameIn(value);
    if (name !== undefined && idOf(type, name) === undefined) unresolved.push({ path, type, named: name });
  });
  const kept: Resolved[] = [];
  for (const { policy, at } of each) {
    const before = unresolved.length;
    swappedOf(policy, missing, at);
    // What names nothing cannot be checked further.
    const said = unresolved.length > before ? undefined : settled(swappedOf(policy, swap, at), at, issues);
    kept.push(said ?? { ...policy, assignments: [], tests: [] });
    if (said === undefined) continue;
    const references = [...referencesOf(said.conditions), ...assigned(said.assignments)];
    for (const { path, type, id, status } of await referred(tenant, references, () => false))
      if (status === "orphaned") unresolved.push({ path: `${at}.${path}`, type, named: id });
  }
  if (issues.length > 0)
    throw new Problem("validation_failed", "The document cannot be imported like this.", { issues });
  return { policies: kept, unresolved };
}

/** A policy of a document with its names swapped. */
function swappedOf(policy: Portable, swap: Swap, at: string) {
  return {
    ...policy,
    conditions: swapConditions(policy.conditions, swap, `${at}.conditions`),
    assignments: policy.assignments.map(({ type, id, name }, index) => {
      if (name === undefined || (type !== "role" && type !== "team")) return { type, id, name };
      const value = swap(type, { name }, `${at}.assignments.${index}.name`);
      return typeof value === "string" ? { type, id: value } : { type, id, name };
    }),
    tests: policy.tests.map((test, index) => ({
      ...test,
      principal: swapPrincipal(test.principal, swap, `${at}.tests.${index}.principal`),
    })),
  };
}

/** What is left to be checked once names are ids. What is wrong is added to the issues; undefined then. */
function settled(policy: ReturnType<typeof swappedOf>, at: string, issues: Issue[]): Resolved | undefined {
  const before = issues.length;
  const within = (found: readonly Issue[]) => {
    issues.push(...found.map(({ path, message }) => ({ path: `document.${at}.${path}`, message })));
  };
  const said = check(policy);
  if (!said.ok) within(said.issues);
  const assignments = issuesOf(assignmentsSchema, policy.assignments.map(bare));
  within(assignments.map(({ path, message }) => ({ path: `assignments.${path}`, message })));
  const wrong = issuesOf(policyTestsSchema, policy.tests);
  within(wrong.map(({ path, message }) => ({ path: `tests.${path}`, message })));
  if (!said.ok || issues.length > before) return undefined;
  try {
    const tests = checkedTests(policyTestsSchema.parse(policy.tests), policy);
    const { name, description, effect, resource_type, action } = policy;
    return {
      ...{ name, description, effect, resource_type, action, tests },
      conditions: said.conditions,
      assignments: policy.assignments.map(bare) as Assignment[],
    };
  } catch (problem) {
    if (!(problem instanceof Problem) || problem.options.issues === undefined) throw problem;
    within(problem.options.issues as readonly Issue[]);
    return undefined;
  }
}

/** Only what was said. */
const bare = ({
  type,
  id,
  name,
}: {
  readonly type: string;
  readonly id?: string | undefined;
  readonly name?: string | undefined;
}) => ({
  type,
  ...(id === undefined ? {} : { id }),
  ...(name === undefined ? {} : { name }),
});

const comparable = (policy: Resolved) => ({
  ...definitionOf(policy),
  assignments: policy.assignments,
  tests: policy.tests,
});

/** The newest policy of each name. */
async function newestByName(tenant: TenantTable, names: ReadonlySet<string>): Promise<Map<string, StoredPolicy>> {
  const found = new Map<string, StoredPolicy>();
  for await (const policy of tenant.all(policyItem, { index: "gsi2", of: {} }))
    if (names.has(policy.name)) found.set(policy.name, policy);
  return found;
}

/** @param unresolved what the document names and the organization has not */
function notThere(unresolved: readonly Unresolved[]): Problem {
  const issues = unresolved.map(({ path, type, named }) => ({
    path: `document.${path}`,
    message: `names the ${type} ${JSON.stringify(named)}, which is not in this organization`,
  }));
  const [first] = issues;
  return new Problem("reference_not_found", `\`${first?.path}\` ${first?.message}.`, { issues });
}
