import { describe, expect, it } from "vitest";
import {
  assigned,
  namesThings,
  type Reference,
  referencesOf,
  standingOf,
} from "../../../functions/policies/rules/references.ts";
import { permissionCatalogue } from "../../../shared/access/permissions.ts";
import { checkConditions } from "../../../shared/policies/check.ts";
import { compileConditions } from "../../../shared/policies/compile.ts";
import { Facts } from "../../../shared/policies/facts.ts";
import type { PolicyConditions } from "../../../shared/policies/language.ts";
import { conditionsInWords } from "../../../shared/policies/words.ts";

const found = (conditions: unknown): Reference[] => {
  const checked = checkConditions(conditions, "*");
  if (!checked.ok) throw new Error(JSON.stringify(checked.issues));
  return [...referencesOf(checked.conditions)];
};
const ulid = "01JDQ4X0Z5V8W3N7K2M9R6T1BC";

describe("what conditions name", () => {
  it("is found wherever it stands, with its place and its type", () => {
    const conditions = {
      all: [
        { path: "principal.teams", op: "in", value: { $ref: "resource", type: "team", ids: ["tem_1", "tem_2"] } },
        { any: [{ not: { path: "resource.owner_id", op: "eq", value: "usr_1" } }] },
        { path: "principal.role", op: "in", value: ["developer", "rol_1"] },
        { path: "resource.id", op: "eq", value: { $ref: "resource", type: "agent", id: "agt_1" } },
        { path: "resource.id", op: "in", value: ["pip_1", "nothing"] },
        { path: "principal.id", op: "eq", value: "key_1" },
        { path: "resource.workspace_ids", op: "contains", value: "wsp_1" },
      ],
    };
    expect(found(conditions).map(({ path, type, id }) => `${path} ${type} ${id}`)).toEqual([
      "conditions.all.0.value.ids.0 team tem_1",
      "conditions.all.0.value.ids.1 team tem_2",
      "conditions.all.1.any.0.not.value user usr_1",
      "conditions.all.2.value.0 role developer",
      "conditions.all.2.value.1 role rol_1",
      "conditions.all.3.value.id agent agt_1",
      "conditions.all.4.value.0 pipeline pip_1",
      "conditions.all.5.value api_key key_1",
      "conditions.all.6.value workspace wsp_1",
    ]);
  });

  it("is nothing in what is no id: parts of texts, patterns, other attributes, and always", () => {
    expect(found({})).toEqual([]);
    expect(
      found({
        any: [
          { path: "resource.owner_id", op: "starts_with", value: "usr_" },
          { path: "resource.owner_id", op: "eq", value: { $ref: "attribute", path: "principal.id" } },
          { path: "resource.tags", op: "contains", value: "agt_1" },
          { path: "resource.owner_id", op: "exists" },
        ],
      }),
    ).toEqual([]);
    expect([...assigned([{ type: "organization" }, { type: "team", id: "tem_1" }])]).toEqual([
      { path: "assignments.1.id", type: "team", id: "tem_1" },
    ]);
  });
});

describe("what a thing was called when it was named", () => {
  const one = { path: "principal.teams", op: "contains", value: { $ref: "resource", type: "team", id: "tem_1" } };
  const many = { ...one, op: "in", value: { $ref: "resource", type: "team", ids: ["tem_1", "tem_2"] } };
  const called = (comparison: typeof one | typeof many, display: unknown) =>
    ({ ...comparison, value: { ...comparison.value, display } }) as const;

  it("is kept beside its id, and decides nothing", () => {
    expect(found(called(one, { name: "Sales" })).map((each) => each.called)).toEqual(["Sales"]);
    expect(found(called(many, { names: ["Sales", "Care"] })).map((each) => each.called)).toEqual(["Sales", "Care"]);
    const facts = new Facts({
      ...{ resource_type: "agent", action: "read", resource: {}, context: {}, at: new Date(0) },
      principal: { kind: "user", id: "usr_1", teams: ["tem_1"] },
    });
    for (const [plain, named] of [
      [one, called(one, { name: "Sales" })],
      [many, called(many, { names: ["A", "B"] })],
    ] as const) {
      expect(compileConditions(named as PolicyConditions)(facts)).toBe(true);
      expect(conditionsInWords(named as PolicyConditions)).toBe(conditionsInWords(plain as PolicyConditions));
    }
  });

  it.each([
    ["no object", called(one, "Sales"), ["value", "display"]],
    ["names of one", called(one, { names: ["Sales"] }), ["value", "display"]],
    ["more than a name", called(one, { name: "Sales", at: 1 }), ["value", "display"]],
    ["a name too long", called(one, { name: "x".repeat(121) }), ["value", "display"]],
    ["a name too few", called(many, { names: ["Sales"] }), ["value", "display"]],
    ["a name of several", called(many, { name: "Sales" }), ["value", "display"]],
    [
      "an id twice",
      { ...many, value: { ...many.value, ids: ["tem_1", "tem_1"], display: { names: ["A", "B"] } } },
      ["value", "ids"],
    ],
  ])("is refused where it is %s", (_, conditions, path) => {
    expect(checkConditions(conditions, "*")).toMatchObject({ ok: false, issues: [{ path }] });
  });
});

describe("a reference", () => {
  const reference: Reference = { path: "p", type: "team", id: `tem_${ulid}`, called: "Sales" };

  it("is valid, names nothing, or names what is not what it was", () => {
    expect(standingOf(reference, { name: "Sales" })).toEqual({ status: "valid", detail: null });
    expect(standingOf({ ...reference, called: undefined }, { name: "Care" }).status).toBe("valid");
    expect(standingOf(reference, { name: null }).status).toBe("valid");
    expect(standingOf(reference, { name: "Care" })).toEqual({
      status: "changed",
      detail: 'It was called "Sales" and is called otherwise now.',
    });
    expect(standingOf(reference, { name: "Sales", idle: "is archived" })).toEqual({
      status: "changed",
      detail: "It is archived.",
    });
    expect(standingOf(reference, undefined).status).toBe("orphaned");
  });

  it("is called by its name before whoever may read things of its type", () => {
    for (const permission of Object.values(namesThings)) {
      const [noun = "", action = ""] = permission.split(":");
      expect((permissionCatalogue as Record<string, readonly string[]>)[noun]).toContain(action);
    }
  });
});
