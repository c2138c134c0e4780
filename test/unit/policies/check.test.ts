import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { attributes } from "../../../shared/policies/attributes.ts";
import { checkConditions, checkStatus, checkTarget } from "../../../shared/policies/check.ts";
import { compileConditions } from "../../../shared/policies/compile.ts";
import { MAX_POLICY_PARTS, MAX_VALUES } from "../../../shared/policies/language.ts";
import { operatorsOf, policyOperators } from "../../../shared/policies/operators.ts";
import { conditions } from "./support/generated.ts";

const issuesOf = (sent: unknown, resource_type = "agent") => {
  const checked = checkConditions(sent, resource_type);
  return checked.ok ? [] : checked.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
};
const keptOf = (sent: unknown) => {
  const checked = checkConditions(sent, "agent");
  return checked.ok ? checked.conditions : checked.issues;
};
const role = { path: "principal.role", op: "eq", value: "developer" };
const nested = (levels: number): unknown => (levels === 1 ? role : { not: nested(levels - 1) });

describe("conditions that are wrong are refused with the place and what to do", () => {
  it.each<[unknown, string]>([
    [null, ': must be {"all": […]}, {"any": […]}, {"not": {…}} or {"path": …, "op": …, "value": …}'],
    [[role], ': must be {"all": […]}, {"any": […]}, {"not": {…}} or {"path": …, "op": …, "value": …}'],
    [{ when: role }, ': must be {"all": […]}, {"any": […]}, {"not": {…}} or {"path": …, "op": …, "value": …}'],
    [{ all: [] }, "all: must be a list of at least one condition"],
    [{ any: role }, "any: must be a list of at least one condition"],
    [{ all: [role], any: [role] }, ": has `any` beside `all`: put each into a group of its own"],
    [
      { all: [role, { not: 1 }] },
      'all.1.not: must be {"all": […]}, {"any": […]}, {"not": {…}} or {"path": …, "op": …, "value": …}',
    ],
    [{ any: [{ ...role, field: 1 }] }, "any.0.field: is unknown: a comparison has `path`, `op`, `value`, `zone`"],
    [
      { ...role, path: "principal.rol" },
      "path: is unknown: there are `principal.kind`, `principal.id`, `principal.email`",
    ],
    [{ ...role, path: "user.role" }, "path: must be an attribute of `principal`, `resource`, `context`, `time`"],
    [{ ...role, path: "__proto__" }, "path: must be an attribute of"],
    [{ op: "eq", value: 1 }, "path: must be an attribute of"],
    [{ ...role, op: "gt" }, "op: must be one of `eq`, `ne`, `in`"],
    [{ ...role, op: "constructor" }, "op: must be one of"],
    [{ ...role, op: undefined }, "op: must be one of"],
    [{ ...role, value: 7 }, "value: must be a text of at most 1000 characters"],
    [{ path: "principal.role", op: "eq" }, "value: must be a text of at most 1000 characters"],
    [{ ...role, op: "in", value: [] }, "value: must be a list of at least one value"],
    [{ ...role, op: "in", value: "developer" }, "value: must be a list of at least one value"],
    [{ ...role, op: "in", value: ["a", 1] }, "value.1: must be a text"],
    [
      { ...role, op: "in", value: Array.from({ length: MAX_VALUES + 1 }, String) },
      `value: must be a list of at most ${MAX_VALUES} values`,
    ],
    [{ ...role, op: "contains", value: "" }, "value: must not be empty: every text would fit"],
    [{ ...role, op: "matches", value: "(a)\\1" }, "value: not a regular expression that runs in linear time"],
    [{ ...role, op: "matches", value: "a".repeat(257) }, "value: a pattern has at most 256 characters"],
    [{ ...role, op: "exists", value: "yes" }, "value: must be true, false or left out"],
    [{ ...role, op: "not_exists", value: true }, "value: must be left out"],
    [{ ...role, zone: "UTC" }, "zone: is for attributes of `time` only"],
    [{ path: "principal.kind", op: "eq", value: "person" }, "value: must be one of `user`, `api_key`"],
    [{ path: "principal.email_domain", op: "eq", value: "Acme.example" }, "value: must be in lower case"],
    [{ path: "principal.level", op: "gte", value: 4 }, "value: must be a whole number from 1 to 3"],
    [{ path: "principal.level", op: "gte", value: 1.5 }, "value: must be a whole number from 1 to 3"],
    [{ path: "principal.level", op: "gte", value: "1" }, "value: must be a whole number from 1 to 3"],
    [{ path: "principal.level", op: "between", value: [3, 1] }, "value: must have the lower value first"],
    [{ path: "principal.level", op: "between", value: [1] }, "value: must be two values, the lower one first"],
    [{ path: "principal.mfa", op: "eq", value: "true" }, "value: must be true or false"],
    [{ path: "time.weekday", op: "in", value: [0] }, "value.0: must be a whole number from 1 to 7"],
    [{ path: "time.hour", op: "lt", value: 24 }, "value: must be a whole number from 0 to 23"],
    [{ path: "time.hour", op: "lt", value: 9, zone: "Berlin" }, "zone: must be a name of the IANA time zone database"],
    [{ path: "time.hour", op: "lt", value: 9, zone: "+02:00" }, "zone: must be a name of the IANA time zone database"],
    [{ path: "time.date", op: "eq", value: "2026-02-30" }, "value: must be a date"],
    [
      { path: "time.date", op: "between", value: ["2026-03-02", "2026-03-01"] },
      "value: must have the lower value first",
    ],
    [{ path: "context.request_time", op: "lt", value: "2026-02-01" }, "value: must be an instant of RFC 3339"],
    [{ path: "context.ip", op: "in", value: ["10.0.0.0/33"] }, "value.0: must be an address or a network"],
    [{ path: "context.ip", op: "in", value: ["10.0.0"] }, "value.0: must be an address or a network"],
    [{ path: "context.ip", op: "eq", value: "2001:db8::/129" }, "value: must be an address or a network"],
    [{ path: "context.ip", op: "starts_with", value: "10." }, "op: must be one of `eq`, `ne`, `in`, `not_in`"],
    [
      { path: "time.of_day", op: "within", value: { from: "09:00", to: "09:00" } },
      "value.to: must not be the time at which it begins",
    ],
    [
      { path: "time.of_day", op: "within", value: { from: "24:00", to: "09:00" } },
      "value.from: must be a time from 00:00 to 23:59",
    ],
    [
      { path: "time.of_day", op: "within", value: { from: "9", to: "17:00" } },
      "value.from: must be a time from 00:00 to 23:59",
    ],
    [
      { path: "time.of_day", op: "within", value: { from: "09:00", to: "17:00", weekdays: [] } },
      "value.weekdays: must be a list of different days",
    ],
    [{ path: "time.of_day", op: "within", value: { from: "09:00", to: "17:00", days: [1] } }, "value.days: is unknown"],
    [
      { path: "resource.environment", op: "eq", value: "production" },
      "path: is no attribute of `agent`: it has `resource.type`",
    ],
    [{ ...role, value: { $ref: "thing", id: "x" } }, "value.$ref: must be `resource` or `attribute`"],
    [
      { ...role, value: { $ref: "attribute", path: "principal.level" } },
      "value.path: must be an attribute whose value is a text",
    ],
    [{ ...role, value: { $ref: "attribute", path: "resource.environment" } }, "value.path: is no attribute of `agent`"],
    [
      { ...role, value: { $ref: "attribute", path: "principal.nobody" } },
      "value.path: must be the path of an attribute",
    ],
    [
      { path: "time.hour", op: "eq", value: { $ref: "attribute", path: "principal.level" } },
      "value.path: attributes of `time` are compared with values only",
    ],
    [
      { ...role, op: "matches", value: { $ref: "attribute", path: "principal.id" } },
      "value: `matches` of `principal.role` takes no reference",
    ],
    [
      { path: "resource.owner_id", op: "eq", value: { $ref: "resource", type: "team", id: "team_1" } },
      "value.type: must be `user`",
    ],
    [
      { path: "resource.owner_id", op: "eq", value: { $ref: "resource", type: "user", ids: ["usr_1"] } },
      "value.id: must be an id for `eq`",
    ],
    [
      { path: "resource.owner_id", op: "in", value: { $ref: "resource", type: "user", id: "usr_1" } },
      "value.ids: must be given for `in`",
    ],
    [
      { path: "resource.owner_id", op: "in", value: { $ref: "resource", type: "user", ids: [] } },
      "value.ids: must be a list of 1 to",
    ],
    [
      { path: "resource.name", op: "eq", value: { $ref: "resource", type: "agent", id: "agt_1" } },
      "value: `resource.name` does not hold ids",
    ],
  ])("%j", (sent, message) => {
    const issues = issuesOf(sent);
    expect(issues).toHaveLength(1);
    expect(issues[0]).toContain(message);
    expect(issues[0]?.startsWith(message.split(":")[0] ?? "")).toBe(true);
  });

  it("all of them at once", () => {
    expect(
      issuesOf({ all: [{ ...role, op: "gt" }, { any: [{ ...role, value: 1 }] }, { not: { ...role, path: "x" } }] }),
    ).toEqual([
      expect.stringContaining("all.0.op: "),
      expect.stringContaining("all.1.any.0.value: "),
      expect.stringContaining("all.2.not.path: "),
    ]);
  });

  it("nested to 8 levels they are fine, to 9 not", () => {
    expect(issuesOf(nested(8))).toEqual([]);
    expect(issuesOf(nested(9))[0]).toContain("is nested deeper than 8 levels");
  });

  it("with 200 parts they are fine, with 201 not, however these are grouped", () => {
    const parts = (count: number) => ({ any: Array.from({ length: count }, () => role) });
    expect(issuesOf(parts(MAX_POLICY_PARTS - 1))).toEqual([]);
    expect(issuesOf(parts(MAX_POLICY_PARTS))[0]).toContain("has 201 parts, and 200 is the most");
    expect(issuesOf({ all: [parts(99), parts(99)] })[0]).toContain("has 201 parts");
    expect(issuesOf({ all: [parts(99), parts(98)] })).toEqual([]);
    expect(issuesOf(parts(1_000_000))[0]).toContain("200 is the most");
  });
});

describe("conditions that are right", () => {
  it("come back as they are kept, and are kept the same when they are sent again", () => {
    expect(keptOf({})).toEqual({});
    expect(
      keptOf({ path: "context.ip", op: "in", value: ["10.1.2.3/8", "2001:DB8::1/32", "192.0.2.7", "::ffff:10.0.0.1"] }),
    ).toEqual({
      path: "context.ip",
      op: "in",
      value: ["10.0.0.0/8", "2001:db8::/32", "192.0.2.7/32", "10.0.0.1/32"],
    });
    expect(keptOf({ path: "time.hour", op: "lt", value: 9, zone: "europe/berlin" })).toEqual({
      path: "time.hour",
      op: "lt",
      value: 9,
      zone: "Europe/Berlin",
    });
    expect(keptOf({ path: "context.request_time", op: "lt", value: "2026-02-01T01:00:00+01:00" })).toEqual({
      path: "context.request_time",
      op: "lt",
      value: "2026-02-01T00:00:00.000Z",
    });
    fc.assert(
      fc.property(conditions({ resource_type: "*" }), (one) => {
        expect(checkConditions(one, "*")).toEqual({ ok: true, conditions: one });
      }),
      { numRuns: 500 },
    );
  });

  it("compile, whatever they are", () => {
    fc.assert(
      fc.property(conditions({ resource_type: "*" }), (one) => void compileConditions(one)),
      { numRuns: 500 },
    );
  });

  it("whatever is sent is kept or refused, and never an error", () => {
    const words = fc.constantFrom(
      "all",
      "any",
      "not",
      "path",
      "op",
      "value",
      "zone",
      "$ref",
      "id",
      "principal.role",
      "eq",
      "in",
      "time.of_day",
      "within",
    );
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof(
        { depthSize: "medium" },
        words,
        fc.constantFrom(null, 1, -0, true, "", "x"),
        fc.array(tie("tree"), { maxLength: 3 }),
        fc.dictionary(words, tie("tree"), { maxKeys: 4 }),
      ),
    }));
    fc.assert(
      fc.property(tree, (sent) => {
        const checked = checkConditions(sent, "agent");
        if (checked.ok) compileConditions(checked.conditions);
        else expect(checked.issues.length).toBeGreaterThan(0);
      }),
      { numRuns: 5_000 },
    );
  });
});

describe("the language is whole", () => {
  it("every attribute has operators, and every operator an attribute", () => {
    const used = new Set([...attributes.values()].flatMap(({ type }) => operatorsOf[type]));
    expect([...used].sort()).toEqual(Object.keys(policyOperators).sort());
  });

  it("the opposite of an opposite is the operator itself", () => {
    for (const [name, operator] of Object.entries(policyOperators))
      if ("opposite" in operator)
        expect((policyOperators[operator.opposite] as { readonly opposite?: string }).opposite).toBe(name);
  });
});

describe("what a policy is about", () => {
  const targets = { agent: ["read", "update"], pipeline: ["read", "execute"] };

  it("is a type and an action that there are, or a star", () => {
    expect(checkTarget({ resource_type: "agent", action: "update" }, targets)).toEqual([]);
    expect(checkTarget({ resource_type: "*", action: "execute" }, targets)).toEqual([]);
    expect(checkTarget({ resource_type: "agent", action: "*" }, targets)).toEqual([]);
    expect(checkTarget({ resource_type: "agent", action: "execute" }, targets)).toEqual([
      { path: ["action"], message: "must be `*` or one of `read`, `update` for `agent`" },
    ]);
    expect(checkTarget({ resource_type: "toString", action: "*" }, targets)).toEqual([
      { path: ["resource_type"], message: "must be `*` or one of `agent`, `pipeline`" },
    ]);
  });

  it("cannot ask for approvals yet, only be kept", () => {
    expect(checkStatus("require_approval", "inactive")).toEqual([]);
    expect(checkStatus("require_approval", "active")).toHaveLength(1);
    expect(checkStatus("require_approval", "shadow")).toHaveLength(1);
    expect(checkStatus("deny", "active")).toEqual([]);
  });
});
