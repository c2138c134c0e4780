import fc from "fast-check";
import { type Attribute, attributes, typeHas } from "../../../../shared/policies/attributes.ts";
import { checkConditions } from "../../../../shared/policies/check.ts";
import type {
  Assignment,
  Policy,
  PolicyBundle,
  PolicyComparison,
  PolicyConditions,
  PolicyRequest,
} from "../../../../shared/policies/language.ts";
import {
  literalOnly,
  operatorsOf,
  type PolicyOperatorName,
  policyOperators,
} from "../../../../shared/policies/operators.ts";

/** Random policies and requests over so few values that they meet. */

const texts: Readonly<Record<string, readonly string[]>> = {
  "principal.kind": ["user", "api_key", "agent"],
  "principal.id": ["usr_1", "usr_2", "key_1"],
  "principal.email": ["ada@acme.example", "bob@other.example", "eve@acme.example"],
  "principal.email_domain": ["acme.example", "other.example"],
  "principal.role": ["developer", "viewer", "rol_1"],
  "principal.api_key_id": ["key_1", "key_2"],
  "context.method": ["GET", "PATCH"],
  "context.operation": ["agents.get", "agents.update"],
  "context.user_agent": ["curl/8", 'Mozilla*5\\"', "curl\u2028/9"],
  "resource.type": ["agent", "pipeline"],
  "resource.id": ["agt_1", "agt_2"],
  "resource.environment": ["production", "staging"],
  "resource.owner_id": ["usr_1", "usr_2"],
  "resource.created_by": ["usr_1", "usr_2", "key_1"],
  "resource.started_by": ["usr_1", "usr_2", "key_1"],
  "resource.mode": ["live", "test"],
};
const anyText = ["", "a", "ab", "b*a", 'c"\\', "active"];
const lists: Readonly<Record<string, readonly string[]>> = {
  "principal.teams": ["team_1", "team_2", "team_3"],
  "principal.scopes": ["agents:read", "agents:update"],
  "resource.workspace_ids": ["wsp_1", "wsp_2"],
  "resource.tags": ["a", "b", "usr_1"],
  "resource.labels": ["a", "nightly"],
};
const addresses = ["10.0.0.1", "10.1.2.3", "192.0.2.7", "2001:db8::1", "2001:db8:1::2"];
const networks = ["10.0.0.0/8", "10.0.0.0/16", "192.0.2.7", "2001:db8::/32", "2001:db8:1::/48", "0.0.0.0/0", "::/0"];
const instants = [
  "2026-03-29T00:59:00.000Z",
  "2026-03-29T01:00:00.000Z",
  "2026-10-25T01:30:00.000Z",
  "2026-06-01T22:15:00.000Z",
];
const dates = ["2026-03-29", "2026-10-25", "2026-06-01", "2026-06-02"];
const zones = ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"];
const clocks = ["00:00", "01:30", "02:00", "03:00", "09:00", "17:00", "22:00", "23:59"];

const textsOf = (path: string): readonly string[] => texts[path] ?? anyText;
const pick = <T>(values: readonly T[]): fc.Arbitrary<T> => fc.constantFrom(...values);
const some = <T>(one: fc.Arbitrary<T>): fc.Arbitrary<T[]> => fc.array(one, { minLength: 1, maxLength: 3 });

const numberFor = (path: string, { range }: Attribute): fc.Arbitrary<number> => {
  if (path === "time.hour") return fc.integer({ min: 0, max: 23 });
  if (path === "time.minute") return pick([0, 15, 30, 59]);
  return fc.integer({ min: range?.[0] ?? 0, max: Math.min(range?.[1] ?? 9, 9) });
};

/** One value that fits the attribute under the operator. */
function oneFor(path: string, attribute: Attribute, op: PolicyOperatorName): fc.Arbitrary<unknown> {
  switch (attribute.type) {
    case "text":
      if (op === "eq" || op === "ne" || op === "in" || op === "not_in") return pick(textsOf(path));
      return pick(
        textsOf(path)
          .flatMap((text) => [text, text.slice(0, 2), text.slice(-2)])
          .filter((text) => text !== ""),
      );
    case "texts":
      return pick(lists[path] ?? anyText);
    case "number":
      return numberFor(path, attribute);
    case "flag":
      return fc.boolean();
    case "time":
      return pick(instants);
    case "date":
      return pick(dates);
    default:
      return pick(networks);
  }
}

const window = fc
  .record(
    {
      from: pick(clocks),
      to: pick([...clocks.slice(1), "24:00"]),
      weekdays: fc.uniqueArray(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 3 }),
    },
    { requiredKeys: ["from", "to"] },
  )
  .filter(({ from, to }) => from !== to);

/** Attributes that can stand on the right of this one. */
function othersFor(path: string, attribute: Attribute, op: PolicyOperatorName, resource_type: string): string[] {
  if (literalOnly.has(op) || attribute.type === "address" || path.startsWith("time.")) return [];
  const wanted =
    policyOperators[op].operand === "many" ? "texts" : attribute.type === "texts" ? "text" : attribute.type;
  return [...attributes].flatMap(([other, { type }]) =>
    type === wanted &&
    !other.startsWith("time.") &&
    (!other.startsWith("resource.") || typeHas(resource_type, other.slice(9)))
      ? [other]
      : [],
  );
}

function valueFor(
  path: string,
  attribute: Attribute,
  op: PolicyOperatorName,
  resource_type: string,
): fc.Arbitrary<unknown> {
  const one = oneFor(path, attribute, op);
  const literal = (): fc.Arbitrary<unknown> => {
    switch (policyOperators[op].operand) {
      case "none":
        return fc.constant(undefined);
      case "flag":
        return pick([undefined, true, false]);
      case "window":
        return window;
      case "pattern":
        return pick(["^a", "b$", "^(ab|usr_\\d)$", "[a-c]\\*"]);
      case "two":
        return fc.tuple(one, one).map(([a, b]) => ((a as string) <= (b as string) ? [a, b] : [b, a]));
      case "many":
        return some(one);
      case "one":
        return one;
    }
  };
  const others = othersFor(path, attribute, op, resource_type);
  const { refers } = attribute;
  const things =
    refers === undefined || refers === "thing" || literalOnly.has(op)
      ? []
      : [
          policyOperators[op].operand === "many"
            ? some(one).map((ids) => ({ $ref: "resource", type: refers, ids }))
            : one.filter((id) => id !== "").map((id) => ({ $ref: "resource", type: refers, id })),
        ];
  return fc.oneof(
    { weight: 5, arbitrary: literal() },
    ...things.map((arbitrary) => ({ weight: 1, arbitrary })),
    ...(others.length === 0
      ? []
      : [{ weight: 1, arbitrary: pick(others).map((other) => ({ $ref: "attribute", path: other })) }]),
  );
}

interface Wanted {
  readonly resource_type: string;
  readonly without?: readonly PolicyOperatorName[];
}

/** A comparison that is right. */
export const comparison = ({ resource_type, without = [] }: Wanted): fc.Arbitrary<PolicyComparison> => {
  const all = [...attributes].flatMap(([path, attribute]) =>
    path.startsWith("resource.") && !typeHas(resource_type, path.slice(9))
      ? []
      : operatorsOf[attribute.type].filter((op) => !without.includes(op)).map((op) => ({ path, attribute, op })),
  );
  return pick(all).chain(({ path, attribute, op }) =>
    fc
      .record({ value: valueFor(path, attribute, op, resource_type), zone: fc.option(pick(zones), { nil: undefined }) })
      .map(({ value, zone }) => ({
        path,
        op,
        ...(value === undefined ? {} : { value }),
        ...(zone === undefined || !path.startsWith("time.") ? {} : { zone }),
      })),
  );
};

/** Conditions that are right, as they are kept. */
export const conditions = (wanted: Wanted): fc.Arbitrary<PolicyConditions> => {
  const leaf = comparison(wanted);
  const level = (depth: number): fc.Arbitrary<unknown> => {
    if (depth === 0) return leaf;
    const below = level(depth - 1);
    const many = fc.array(below, { minLength: 1, maxLength: 3 });
    return fc.oneof(
      { weight: 3, arbitrary: leaf },
      { weight: 2, arbitrary: many.map((all) => ({ all })) },
      { weight: 2, arbitrary: many.map((any) => ({ any })) },
      { weight: 1, arbitrary: below.map((not) => ({ not })) },
    );
  };
  return fc
    .oneof({ weight: 1, arbitrary: fc.constant({}) }, { weight: 9, arbitrary: level(3) })
    .map((sent) => kept(sent, wanted.resource_type));
};

/** What the check keeps of conditions that are right. */
export function kept(sent: unknown, resource_type: string): PolicyConditions {
  const checked = checkConditions(sent, resource_type);
  if (!checked.ok) throw new Error(`${JSON.stringify(sent)} is refused: ${JSON.stringify(checked.issues)}`);
  return checked.conditions;
}

const assignment: fc.Arbitrary<Assignment> = fc.oneof(
  { weight: 3, arbitrary: fc.constant<Assignment>({ type: "organization" }) },
  { weight: 1, arbitrary: pick(textsOf("principal.role")).map((id) => ({ type: "role" as const, id })) },
  { weight: 1, arbitrary: pick(lists["principal.teams"] ?? []).map((id) => ({ type: "team" as const, id })) },
  { weight: 1, arbitrary: pick(textsOf("principal.id")).map((id) => ({ type: "user" as const, id })) },
  { weight: 1, arbitrary: pick(textsOf("principal.api_key_id")).map((id) => ({ type: "api_key" as const, id })) },
);

const types = ["agent", "pipeline", "*"] as const;
const actions = ["read", "update", "*"] as const;

const policy = (without: readonly PolicyOperatorName[]): fc.Arbitrary<Omit<Policy, "id" | "name">> =>
  pick(types).chain((resource_type) =>
    fc.record({
      effect: pick(["allow", "deny"] as const),
      resource_type: fc.constant(resource_type),
      action: pick(actions),
      conditions: conditions({ resource_type, without }),
      assignments: fc.array(assignment, { maxLength: 3 }),
      status: fc.oneof(
        { weight: 6, arbitrary: fc.constant("active" as const) },
        { weight: 1, arbitrary: pick(["draft", "shadow", "inactive"] as const) },
      ),
      version: fc.constant(1),
    }),
  );

/** An organization's policies. */
export const bundle = (without: readonly PolicyOperatorName[] = []): fc.Arbitrary<PolicyBundle> =>
  fc.record({
    policies: fc
      .array(policy(without), { maxLength: 6 })
      .map((all) => all.map((one, index) => ({ ...one, id: `pol_${index}`, name: `Policy ${index}` }))),
    denied_by_default: fc.subarray(["agent", "pipeline"]),
  });

const maybe = <T>(one: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(one, { nil: undefined, freq: 4 });
const field = (path: string): fc.Arbitrary<string | undefined> => maybe(pick(textsOf(path)));
const members = (path: string): fc.Arbitrary<string[] | undefined> => maybe(fc.subarray([...(lists[path] ?? anyText)]));

/** A time within four days of a change of clocks, or on any day of a year. */
const at = fc
  .oneof(
    fc.integer({ min: Date.UTC(2026, 2, 26), max: Date.UTC(2026, 3, 2) }),
    fc.integer({ min: Date.UTC(2026, 9, 22), max: Date.UTC(2026, 9, 29) }),
    fc.integer({ min: Date.UTC(2026, 0, 1), max: Date.UTC(2026, 11, 31) }),
    pick(instants).map((text) => Date.parse(text)),
  )
  .map((instant) => new Date(instant));

export const request: fc.Arbitrary<PolicyRequest> = pick(["agent", "pipeline"] as const).chain((resource_type) =>
  fc.record({
    resource_type: fc.constant(resource_type),
    action: pick(["read", "update"]),
    principal: fc.record({
      kind: pick(textsOf("principal.kind")),
      id: pick(textsOf("principal.id")),
      email: field("principal.email"),
      role: field("principal.role"),
      teams: members("principal.teams"),
      level: maybe(fc.integer({ min: 1, max: 3 })),
      mfa: maybe(fc.boolean()),
      auth_age_minutes: maybe(fc.integer({ min: 0, max: 9 })),
      session_age_minutes: maybe(fc.integer({ min: 0, max: 9 })),
      api_key_id: field("principal.api_key_id"),
      scopes: members("principal.scopes"),
    }),
    resource: fc.record({
      id: field("resource.id"),
      name: field("resource.name"),
      status: field("resource.status"),
      workspace_ids: members("resource.workspace_ids"),
      tags: members("resource.tags"),
      owner_id: fc.option(pick(textsOf("resource.owner_id")), { nil: null }),
      created_by: field("resource.created_by"),
      created_at: maybe(pick(instants)),
      ...(resource_type === "agent"
        ? { agent_type: field("resource.agent_type"), model_id: field("resource.model_id") }
        : {}),
    }),
    context: fc.record({
      ip: maybe(pick(addresses)),
      user_agent: field("context.user_agent"),
      method: field("context.method"),
      operation: field("context.operation"),
    }),
    at,
  }),
);
