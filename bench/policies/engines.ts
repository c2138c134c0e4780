import { createRequire } from "node:module";
import { join } from "node:path";
import { preparsePolicySet, statefulIsAuthorized } from "@cedar-policy/cedar-wasm/nodejs";
import { toCedar } from "../../shared/policies/cedar.ts";
import { compilePolicies } from "../../shared/policies/decide.ts";
import { type Case, cases, policiesOf, type Rule } from "./cases.ts";

/** Whether a request is allowed. */
export type Engine = (asked: Case) => boolean;

/** What the benchmark uses of each package. */
interface Casl {
  createMongoAbility(rules: readonly object[], options: object): { can(action: string, subject: object): boolean };
}
interface Casbin {
  newModelFromString(text: string): unknown;
  newEnforcer(model: unknown): Promise<{
    addPolicies(lines: readonly (readonly string[])[]): Promise<boolean>;
    enforceSync(...request: readonly unknown[]): boolean;
  }>;
}
interface JsonLogic {
  apply(rule: unknown, data: unknown): unknown;
}

const load = createRequire(join(import.meta.dirname, "package.json"));

const at = new Date("2026-06-01T12:00:00Z");

export function ours(rules: readonly Rule[]): Engine {
  const compiled = compilePolicies({ policies: policiesOf(rules) });
  return ({ caller, action, thing }) =>
    compiled.decide({
      resource_type: thing.type,
      action,
      principal: { kind: "user", id: caller.id, role: caller.role },
      resource: thing,
      context: {},
      at,
    }).outcome === "allow";
}

/** An ability is made for one caller, of the rules for their role; the making is not measured. */
export function casl(rules: readonly Rule[]): Engine {
  const { createMongoAbility } = load("@casl/ability") as Casl;
  const abilities = new Map(
    [...new Set(cases.map(({ caller }) => caller.id))].map((id) => [
      id,
      createMongoAbility(
        [
          { action: "manage", subject: "all" },
          ...rules
            .filter(({ role }) => role === "developer")
            .map(({ type, action, status }) => ({
              inverted: true,
              action,
              subject: type,
              conditions: { status, owner_id: { $ne: id } },
            })),
        ],
        { detectSubjectType: ({ type }: { readonly type: string }) => type },
      ),
    ]),
  );
  return ({ caller, action, thing }) => abilities.get(caller.id)?.can(action, thing) === true;
}

const CASBIN_MODEL = `
[request_definition]
r = sub, obj, act
[policy_definition]
p = role, type, act, status, eft
[policy_effect]
e = !some(where (p.eft == deny))
[matchers]
m = r.act == p.act && r.obj.type == p.type && r.sub.role == p.role && r.obj.status == p.status && r.obj.owner_id != r.sub.id
`;

export async function casbin(rules: readonly Rule[]): Promise<Engine> {
  const { newEnforcer, newModelFromString } = load("casbin") as Casbin;
  const enforcer = await newEnforcer(newModelFromString(CASBIN_MODEL));
  await enforcer.addPolicies(rules.map(({ role, type, action, status }) => [role, type, action, status, "deny"]));
  return ({ caller, action, thing }) => enforcer.enforceSync(caller, thing, action);
}

/** It has no notion of a policy: each is one expression, and all are asked until one denies. */
export function jsonLogic(rules: readonly Rule[]): Engine {
  const { apply } = load("json-logic-js") as JsonLogic;
  const equals = (name: string, value: unknown) => ({ "===": [{ var: name }, value] });
  const denied = rules.map(({ role, type, action, status }) => ({
    and: [
      equals("action", action),
      equals("thing.type", type),
      equals("caller.role", role),
      equals("thing.status", status),
      { "!==": [{ var: "thing.owner_id" }, { var: "caller.id" }] },
    ],
  }));
  return (asked) => !denied.some((rule) => apply(rule, asked) === true);
}

/** With the set of policies parsed before, and each request in Cedar's form. */
export function cedar(rules: readonly Rule[]): Engine {
  const id = `bench-${rules.length}`;
  const parsed = preparsePolicySet(id, { staticPolicies: toCedar({ policies: policiesOf(rules) }).text });
  if (parsed.type === "failure") throw new Error(JSON.stringify(parsed.errors));
  const calls = new Map(
    cases.map((one) => {
      const principal = { type: "User", id: one.caller.id };
      const resource = { type: "Agent", id: one.thing.id };
      const entities = [
        { uid: principal, attrs: { kind: "user", ...one.caller }, parents: [] },
        { uid: resource, attrs: { ...one.thing }, parents: [] },
      ];
      const action = { type: "Action", id: one.action };
      return [one, { principal, action, resource, context: {}, entities, preparsedPolicySetId: id }];
    }),
  );
  return (asked) => {
    const call = calls.get(asked);
    const answer = call && statefulIsAuthorized(call);
    if (answer?.type !== "success") throw new Error("Cedar did not answer");
    return answer.response.decision === "allow";
  };
}
