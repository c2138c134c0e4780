import { readRules, rulesOf } from "../../../shared/access/bundle.ts";
import { type Issue, notFound, Problem } from "../../../shared/errors.ts";
import type { Handler } from "../../../shared/http/call.ts";
import { typeHas } from "../../../shared/policies/attributes.ts";
import type { ContextFacts } from "../../../shared/policies/language.ts";
import { targets } from "../../../shared/policies/targets.ts";
import { conditionsInWords, policyInWords } from "../../../shared/policies/words.ts";
import type { PolicyDeps } from "../deps.ts";
import { definitionOf } from "../model.ts";
import { askedFor } from "../rules/asked.ts";
import { check } from "../rules/checking.ts";
import { differences } from "../rules/differences.ts";
import { assigned, referencesOf } from "../rules/references.ts";
import { type Ask, isAsk } from "../rules/targets.ts";
import { run } from "../rules/tests.ts";
import { triedAll } from "../rules/trial.ts";
import { widened } from "../rules/widened.ts";
import { bundleOf, policyItem, policyVersionItem, type StoredVersion, withoutPolicy } from "../store.ts";
import { inPlace, principalOf, saying, thingOf, withInPlace } from "./loading.ts";
import { NOTHING } from "./model.ts";
import type { trialOperations } from "./operations.ts";
import { referred } from "./referred.ts";

type Ops = typeof trialOperations;

export const simulate: Handler<Ops["simulate"], PolicyDeps> = async (call, { table }) => {
  const { body, caller, at } = call;
  const [principal, thing] = await Promise.all([principalOf(call, table), thingOf(call, table)]);
  const { method, asks } = asksOf(body, thing.type);
  requireFields(body.resource, asks);
  const { policies = { policies: [] } } = await rulesOf(table, caller.organization);
  const bundle = await withInPlace(policies, body.with, table.of(caller.organization.id));
  const { at: when, ...described } = body.context as ContextFacts & { readonly at?: string };
  const context: ContextFacts = {
    ...(method === undefined ? {} : { method, operation: body.operation }),
    ...described,
  };
  return triedAll(bundle, asks, {
    principal,
    resource: thing.fields,
    context,
    at: when === undefined ? at : new Date(when),
  });
};

export const test: Handler<Ops["test"], PolicyDeps> = async (call, { table }) => {
  const tenant = table.of(call.caller.organization.id);
  const policy = await saying(await call.load(), call.body.version, tenant, "version");
  const results = run(policy.tests, inPlace(bundleOf(await readRules(tenant)), policy));
  return { passed: results.every(({ passed }) => passed), results };
};

export const diffVersion: Handler<Ops["diffVersion"], PolicyDeps> = async (call, { table }) => {
  const { path, query, caller } = call;
  const tenant = table.of(caller.organization.id);
  const to = await call.load();
  const against = query.against ?? (to.version === 1 ? NOTHING : to.version - 1);
  const [policy, rules] = await Promise.all([tenant.get(policyItem, { id: path.policy_id }), readRules(tenant)]);
  if (policy === undefined) throw notFound();
  const from =
    against === NOTHING
      ? undefined
      : await tenant.get(policyVersionItem, { policy_id: path.policy_id, version: against });
  if (from === undefined && against !== NOTHING) throw notFound("There is no such version to compare with.");
  const { assignments } = policy;
  const [old, next] = [from && definitionOf(from), definitionOf(to)];
  const others = withoutPolicy(rules, policy.id);
  const as = (version: StoredVersion) =>
    inPlace(bundleOf(others), { ...policy, ...definitionOf(version), version: version.version });
  return {
    policy_id: policy.id,
    from: against,
    to: to.version,
    fields: differences(old, next),
    sentences: {
      old: old === undefined ? null : policyInWords({ ...old, assignments }),
      new: policyInWords({ ...next, assignments }),
    },
    ...widened(from === undefined ? bundleOf(others) : as(from), as(to)),
  };
};

export const validateConditions: Handler<Ops["validateConditions"], PolicyDeps> = async (call, { table }) => {
  const said = check(call.body);
  if (!said.ok) return { valid: false, issues: said.issues, sentence: null, references: [] };
  const named = [...referencesOf(said.conditions)];
  const references = await referred(table.of(call.caller.organization.id), named, call.may);
  return { valid: true, issues: [], sentence: conditionsInWords(said.conditions), references };
};

export const listReferences: Handler<Ops["listReferences"], PolicyDeps> = async (call, { table }) => {
  const { conditions, assignments } = await call.load();
  const named = [...referencesOf(conditions), ...assigned(assignments)];
  return { items: await referred(table.of(call.caller.organization.id), named, call.may), next_cursor: null };
};

type Body = Parameters<Handler<Ops["simulate"], PolicyDeps>>[0]["body"];

/**
 * What policies are asked.
 * @param type of the thing that was looked up
 * @throws Problem `validation_failed` where nothing can be asked so
 */
function asksOf(
  { operation, resource_type, action }: Body,
  type: string | undefined,
): { readonly method?: string; readonly asks: readonly Ask[] } {
  if (operation === undefined) {
    if (resource_type === undefined || action === undefined)
      throw refused("operation", "must be given, or `resource_type` and `action`");
    const ask = { resource_type, action };
    const actions = Object.hasOwn(targets, resource_type) ? targets[resource_type] : undefined;
    if (actions === undefined) throw refused("resource_type", `must be one of ${Object.keys(targets).join(", ")}`);
    if (!isAsk(ask)) throw refused("action", `must be one of ${actions.join(", ")} for things of this type`);
    return { asks: [ask] };
  }
  if (resource_type !== undefined || action !== undefined)
    throw refused("operation", "must be given without `resource_type` and `action`, which follow from it");
  const asked = askedFor(operation, type);
  if (asked === undefined) throw refused("operation", "is none of which policies are asked");
  return asked;
}

/** @throws Problem `validation_failed` for fields of a thing that nothing asked about has */
function requireFields(resource: Readonly<Record<string, unknown>>, asks: readonly Ask[]): void {
  const unknown = Object.keys(resource).filter((name) => asks.every((ask) => !typeHas(ask.resource_type, name)));
  if (unknown.length > 0)
    throw invalid(
      unknown.map((name) => ({ path: `resource.${name}`, message: "is no attribute of what is asked about" })),
    );
}

const refused = (path: string, message: string): Problem => invalid([{ path, message }]);

const invalid = (issues: readonly Issue[]): Problem =>
  new Problem("validation_failed", "This is no request that policies are asked about.", { issues: [...issues] });
