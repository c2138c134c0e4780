import { namesOfType, type PolicySubject } from "./attributes.ts";
import { type CompiledPolicies, compilePolicies, type Decision } from "./decide.ts";
import { Facts } from "./facts.ts";
import { fieldsOf } from "./fields.ts";
import type { ContextFacts, Policy, PolicyBundle, PolicyRequest, PrincipalFacts } from "./language.ts";
import { reasonsOf } from "./reasons.ts";
import { comparisonInWords, conditionsInWords } from "./words.ts";

/**
 * What a request is about: one thing, with what a change makes of it; a list of them, one that is being made, or several that nobody
 * can look at one by one; or none of them, though what is shown names some.
 */
export type About =
  | {
      readonly kind: "thing";
      subject(): Promise<PolicySubject | undefined>;
      readonly change?: unknown;
      /** Others of its type that are shown with it. */
      beside?(): Promise<readonly PolicySubject[]>;
    }
  | { readonly kind: "list" | "several" | "named" }
  | {
      readonly kind: "new";
      readonly body: unknown;
      /** What it will be besides what the body says. */
      made?(): Promise<PolicySubject | undefined>;
    };

/** A request as it comes to be judged. What takes a read is asked for only where a policy looks at it. */
export interface Asked {
  readonly resource_type: string;
  readonly action: string;
  readonly principal: Omit<PrincipalFacts, "email" | "teams">;
  email(): Promise<string | undefined>;
  teams(): Promise<readonly string[]>;
  readonly context: ContextFacts;
  readonly at: Date;
  readonly about: About;
}

export interface Denial {
  readonly allowed: false;
  /** The policy that denied, or could not be evaluated; absent where nothing allows what is denied by default. */
  readonly policy?: { readonly id: string; readonly name: string };
  readonly detail: string;
  /** By what conditions it came to that, in words. */
  readonly conditions: readonly string[];
}

/** Of a list, which records it shows, and what is said about one of them. */
export interface Shown {
  shows(record: unknown): boolean;
  verdictOn(record: unknown): Verdict;
}

/** Allowed, of a list with what it shows; or why not. */
export type Verdict = { readonly allowed: true; readonly list?: Shown } | Denial;

const ALLOWED: Verdict = { allowed: true };

const compiled = new WeakMap<PolicyBundle, CompiledPolicies>();

/** The policies of a version of an organization's rules, compiled once for as long as a process holds it. */
function compiledOf(bundle: PolicyBundle): CompiledPolicies {
  let policies = compiled.get(bundle);
  if (policies === undefined) {
    policies = compilePolicies(bundle);
    compiled.set(bundle, policies);
  }
  return policies;
}

/** Whether anything at all is said about what is done with things of this type. */
export function concerns(bundle: PolicyBundle, resource_type: string, action: string): boolean {
  const policies = compiledOf(bundle);
  return policies.reads(resource_type, action) !== undefined || policies.deniedByDefault(resource_type);
}

/** Judges one request by an organization's policies. */
export async function judge(bundle: PolicyBundle, asked: Asked): Promise<Verdict> {
  const { resource_type, action, about } = asked;
  if (!concerns(bundle, resource_type, action)) return ALLOWED;
  const policies = compiledOf(bundle);
  const reads = policies.reads(resource_type, action) ?? new Set<string>();
  const request = { ...(await requestOf(asked, reads)), resource: {} };
  const verdictOn = (resource: PolicySubject): Verdict =>
    verdict(policies.decide({ ...request, resource }), request, resource);
  // Things of a type that is not described are all alike to policies.
  const looks = policies.looksAtThings(request);
  if (looks === undefined || namesOfType(resource_type).length === 0) return verdictOn({});
  switch (about.kind) {
    case "thing": {
      const verdict = judgeThing(verdictOn, resource_type, (await about.subject()) ?? {}, about.change);
      const beside = verdict.allowed ? ((await about.beside?.()) ?? []) : [];
      const denied = beside.map((one) => verdictOn(fieldsOf(resource_type, one))).find(({ allowed }) => !allowed);
      return denied ?? verdict;
    }
    case "new": {
      const made = fieldsOf(resource_type, await about.made?.());
      const fields = { ...made, ...fieldsOf(resource_type, about.body) };
      // What has no name here, and is said to be nothing, is made of something else: of a document, or of a template.
      if (!Object.hasOwn(fields, "name") && Object.keys(made).length === 0) return severalAtOnce(looks);
      return verdictOn({ ...fields, created_by: request.principal.id });
    }
    case "list": {
      const decide = policies.decider(request);
      return {
        allowed: true,
        list: {
          shows: (record) => decide(fieldsOf(resource_type, record)).outcome === "allow",
          verdictOn: (record) => verdictOn(fieldsOf(resource_type, record)),
        },
      };
    }
    case "several":
      return severalAtOnce(looks);
    case "named":
      return verdictOn({});
  }
}

/** A thing is judged as it is, and as it would be: what may not be touched in production may not be moved there either. */
function judgeThing(
  verdictOn: (resource: PolicySubject) => Verdict,
  resource_type: string,
  subject: PolicySubject,
  change: unknown,
): Verdict {
  const before = fieldsOf(resource_type, subject);
  const now = verdictOn(before);
  if (!now.allowed) return now;
  const moved = fieldsOf(resource_type, change);
  return Object.keys(moved).length === 0 ? now : verdictOn({ ...before, ...moved });
}

async function requestOf(asked: Asked, reads: ReadonlySet<string>): Promise<Omit<PolicyRequest, "resource">> {
  const { resource_type, action, context, at } = asked;
  const [email, teams] = await Promise.all([
    reads.has("principal.email") || reads.has("principal.email_domain") ? asked.email() : undefined,
    reads.has("principal.teams") ? asked.teams() : undefined,
  ]);
  return { resource_type, action, context, at, principal: { ...asked.principal, email, teams } };
}

const severalAtOnce = (looks: Policy | "unknown"): Denial => ({
  allowed: false,
  ...(looks === "unknown" ? {} : { policy: { id: looks.id, name: looks.name } }),
  detail: `${looks === "unknown" ? "A policy" : `The policy "${looks.name}"`} looks at each thing of this type, and this deals with several at once. Do it one by one.`,
  conditions: [],
});

function verdict(decision: Decision, request: Omit<PolicyRequest, "resource">, resource: PolicySubject): Verdict {
  const { outcome, by, policy, errors } = decision;
  if (outcome === "allow") return ALLOWED;
  if (policy === undefined)
    return {
      allowed: false,
      detail: by === "error" ? unknown(errors[0]?.message) : nothingAllows(request.resource_type),
      conditions: [],
    };
  const { id, name, conditions } = policy;
  if (by === "error") {
    const detail = `The policy "${name}" could not be evaluated, and what it would deny is not known.`;
    return { allowed: false, policy: { id, name }, detail, conditions: [] };
  }
  const because = reasonsOf(conditions, new Facts({ ...request, resource })).map(({ comparison, held }) =>
    held ? comparisonInWords(comparison) : conditionsInWords({ not: comparison }),
  );
  const why = because.length === 0 ? "" : ` since ${because.join(" and ")}`;
  const does = outcome === "deny" ? "denies this" : "asks for an approval of this";
  return { allowed: false, policy: { id, name }, detail: `The policy "${name}" ${does}${why}.`, conditions: because };
}

const unknown = (message = "something is not known"): string =>
  `It could not be told which policies are for you: ${message}.`;

const nothingAllows = (resource_type: string): string =>
  `What is done with things of type \`${resource_type}\` has to be allowed by a policy here, and none allows this.`;
