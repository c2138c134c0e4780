import { compileConditions, type Predicate } from "./compile.ts";
import { Facts } from "./facts.ts";
import type { Assignment, Policy, PolicyBundle, PolicyEffect, PolicyRequest, PrincipalFacts } from "./language.ts";
import { attributesRead } from "./reads.ts";

/** A policy that could not be evaluated. Then nothing is allowed: what it would have denied is not known. */
export interface PolicyError {
  /** Absent where it cannot even be told which policies are for the caller. */
  readonly policy?: Policy;
  readonly message: string;
}

export interface Decision {
  readonly outcome: PolicyEffect;
  /** What decided: a policy, an error, or what holds for things of this type where no policy matches. */
  readonly by: "policy" | "error" | "default";
  /** The policy that decided, or the first one that could not be evaluated. */
  readonly policy?: Policy;
  readonly errors: readonly PolicyError[];
}

interface Compiled {
  readonly policy: Policy;
  /** Whether its conditions look at the thing itself, beyond its type. */
  readonly looks: boolean;
  readonly holds: Predicate;
}

/** Policies that are asked together, by what they do. */
interface Group {
  readonly deny: Compiled[];
  readonly require_approval: Compiled[];
  readonly allow: Compiled[];
}

/** All policies on what is done with a type of things, by whom they are for. */
interface Target {
  readonly everybody: Group | undefined;
  readonly role: ReadonlyMap<string, Group>;
  readonly team: ReadonlyMap<string, Group>;
  readonly user: ReadonlyMap<string, Group>;
  readonly api_key: ReadonlyMap<string, Group>;
  /** Whether any of them asks for an approval, or allows. */
  readonly asks: boolean;
  readonly allows: boolean;
  readonly denied: boolean;
  readonly reads: ReadonlySet<string>;
}

const ALLOWED: Decision = { outcome: "allow", by: "default", errors: [] };
const DENIED: Decision = { outcome: "deny", by: "default", errors: [] };

/** An organization's policies, ready to be asked: found by type, action and caller, so that only those that could matter are. */
export class CompiledPolicies {
  readonly #policies: readonly Compiled[];
  readonly #denied: ReadonlySet<string>;
  readonly #targets = new Map<string, Map<string, Target>>();

  /** @param policies those to be asked, whatever their status: whoever compiles them has chosen */
  constructor({ policies, denied_by_default = [] }: PolicyBundle) {
    this.#policies = policies.map(compiled);
    this.#denied = new Set(denied_by_default);
  }

  /**
   * The attributes that a decision about this may look at, by path: who asks need not find out the others.
   * Undefined where no policy is about it: then the default decides, and nothing is needed.
   */
  reads(resource_type: string, action: string): ReadonlySet<string> | undefined {
    const { reads, everybody, role, team, user, api_key } = this.#target(resource_type, action);
    const none = everybody === undefined && role.size + team.size + user.size + api_key.size === 0;
    return none ? undefined : reads;
  }

  /**
   * Whether a policy for whoever asks looks at the thing itself, and which one: then a decision hangs on which thing it is.
   * `unknown` where it cannot be found out which policies are for them.
   */
  looksAtThings(request: Omit<PolicyRequest, "resource">): Policy | "unknown" | undefined {
    const groups = groupsFor(this.#target(request.resource_type, request.action), request.principal);
    if ("message" in groups) return "unknown";
    for (const { deny, require_approval, allow } of groups)
      for (const { policy, looks } of [...deny, ...require_approval, ...allow]) if (looks) return policy;
    return undefined;
  }

  /** Whether things of this type are denied where no policy allows them. */
  deniedByDefault(resource_type: string): boolean {
    return this.#denied.has(resource_type);
  }

  /**
   * Decides one request: a matching deny denies; else what could not be evaluated denies; else a matching policy asks for an
   * approval; else a matching allow allows; else the type's default decides.
   */
  decide(request: PolicyRequest): Decision {
    const target = this.#target(request.resource_type, request.action);
    const groups = groupsFor(target, request.principal);
    return "message" in groups ? deniedBy(groups) : decideAmong(groups, target, request);
  }

  /**
   * Decides about one thing after another, of a list: each as `decide` would, with what they have in common worked out once.
   * @param request what is asked of each of them; its own resource is not looked at
   */
  decider(request: PolicyRequest): (resource: PolicyRequest["resource"]) => Decision {
    const target = this.#target(request.resource_type, request.action);
    const groups = groupsFor(target, request.principal);
    if ("message" in groups) return () => deniedBy(groups);
    return (resource) => decideAmong(groups, target, { ...request, resource });
  }

  #target(resource_type: string, action: string): Target {
    let actions = this.#targets.get(resource_type);
    if (actions === undefined) {
      actions = new Map();
      this.#targets.set(resource_type, actions);
    }
    let target = actions.get(action);
    if (target === undefined) {
      const about = this.#policies.filter(
        ({ policy }) =>
          (policy.resource_type === resource_type || policy.resource_type === "*") &&
          (policy.action === action || policy.action === "*"),
      );
      target = targetOf(about, this.#denied.has(resource_type));
      actions.set(action, target);
    }
    return target;
  }
}

/** Policies of these statuses, ready to be asked. */
export const compilePolicies = (
  bundle: PolicyBundle,
  statuses: readonly Policy["status"][] = ["active"],
): CompiledPolicies =>
  new CompiledPolicies({ ...bundle, policies: bundle.policies.filter(({ status }) => statuses.includes(status)) });

function compiled(policy: Policy): Compiled {
  const looks = [...attributesRead(policy.conditions)].some(
    (path) => path.startsWith("resource.") && path !== "resource.type",
  );
  try {
    return { policy, looks, holds: compileConditions(policy.conditions) };
  } catch (error) {
    // One policy that is none does not take the others with it: it denies where it would have been asked.
    return {
      policy,
      looks,
      holds() {
        throw error;
      },
    };
  }
}

const deniedBy = (error: PolicyError): Decision => ({ outcome: "deny", by: "error", errors: [error] });

function decideAmong(groups: readonly Group[], target: Target, request: PolicyRequest): Decision {
  if (groups.length === 0) return target.denied ? DENIED : ALLOWED;
  const facts = new Facts(request);
  const errors: PolicyError[] = [];
  const denying = firstThatHolds(groups, "deny", facts, errors);
  if (denying !== undefined) return { outcome: "deny", by: "policy", policy: denying, errors };
  const asking = target.asks ? firstThatHolds(groups, "require_approval", facts, errors) : undefined;
  const allowing = target.allows && asking === undefined ? firstThatHolds(groups, "allow", facts, errors) : undefined;
  const [error] = errors;
  if (error !== undefined)
    return { outcome: "deny", by: "error", errors, ...(error.policy && { policy: error.policy }) };
  if (asking !== undefined) return { outcome: "require_approval", by: "policy", policy: asking, errors };
  if (allowing !== undefined) return { outcome: "allow", by: "policy", policy: allowing, errors };
  return target.denied ? DENIED : ALLOWED;
}

function targetOf(about: readonly Compiled[], denied: boolean): Target {
  const maps = {
    role: new Map<string, Group>(),
    team: new Map<string, Group>(),
    user: new Map<string, Group>(),
    api_key: new Map<string, Group>(),
  };
  let everybody: Group | undefined;
  const reads = new Set<string>();
  for (const one of about) {
    const { effect, assignments, conditions } = one.policy;
    const all = assignments.some(({ type }) => type === "organization");
    // Who is everybody needs to be looked for under no other name.
    const distinct = all ? [] : distinctOf(assignments);
    if (all) {
      everybody ??= emptyGroup();
      everybody[effect].push(one);
    }
    for (const { type, id } of distinct) {
      const map = maps[type];
      const group = map.get(id) ?? emptyGroup();
      group[effect].push(one);
      map.set(id, group);
    }
    if (all || distinct.length > 0) for (const path of attributesRead(conditions)) reads.add(path);
  }
  if (maps.role.size > 0) reads.add("principal.role");
  if (maps.team.size > 0) reads.add("principal.teams");
  if (maps.api_key.size > 0) reads.add("principal.api_key_id");
  const any = (effect: PolicyEffect): boolean => about.some(({ policy }) => policy.effect === effect);
  return { everybody, ...maps, asks: any("require_approval"), allows: any("allow"), denied, reads };
}

type Named = Exclude<Assignment, { readonly type: "organization" }>;

const distinctOf = (assignments: readonly Assignment[]): Named[] => [
  ...new Map(
    assignments.flatMap((one) => (one.type === "organization" ? [] : [[`${one.type}:${one.id}`, one]])),
  ).values(),
];

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

const emptyGroup = (): Group => ({ deny: [], require_approval: [], allow: [] });

/** The policies that are for whoever asks; the error where that cannot be found out. */
function groupsFor(target: Target, principal: PrincipalFacts): readonly Group[] | PolicyError {
  const { everybody, role, team, user, api_key } = target;
  const groups: Group[] = everybody === undefined ? [] : [everybody];
  const add = (group: Group | undefined): void => {
    if (group !== undefined) groups.push(group);
  };
  try {
    if (role.size > 0 && principal.role !== undefined) add(role.get(principal.role));
    const person = principal.kind === "user" ? principal.id : principal.acts_for;
    if (user.size > 0 && person !== undefined) add(user.get(person));
    if (api_key.size > 0 && principal.api_key_id !== undefined) add(api_key.get(principal.api_key_id));
    if (team.size > 0) for (const id of principal.teams ?? []) add(team.get(id));
    return groups;
  } catch (error) {
    return { message: messageOf(error) };
  }
}

function firstThatHolds(
  groups: readonly Group[],
  effect: PolicyEffect,
  facts: Facts,
  errors: PolicyError[],
): Policy | undefined {
  for (const group of groups) {
    for (const { policy, holds } of group[effect]) {
      try {
        if (holds(facts)) return policy;
      } catch (error) {
        if (errors.every((known) => known.policy !== policy)) errors.push({ policy, message: messageOf(error) });
      }
    }
  }
  return undefined;
}
