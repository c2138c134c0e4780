import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { documentSchema, MOST_IN_DOCUMENT, portableSchema } from "../../../functions/policies/portable/model.ts";
import { byId, byName, swapConditions, swapPrincipal } from "../../../functions/policies/portable/rules/naming.ts";
import { conditions } from "./support/generated.ts";

const named = byName((type, id) => (id.includes("_") ? `${type} ${id}` : undefined));
const back = byId((type, name) => (name.startsWith(`${type} `) ? name.slice(type.length + 1) : undefined));
const team = (value: unknown, op = "contains") => ({ path: "principal.teams", op, value });

describe("names in the place of ids", () => {
  it("stand wherever a team or a role of the organization's own is named, and nowhere else", () => {
    const said = {
      all: [
        team("tem_1"),
        { any: [{ not: team({ $ref: "resource", type: "team", ids: ["tem_1", "tem_2"] }, "in") }] },
        { path: "principal.role", op: "in", value: ["developer", "rol_1"] },
        { path: "resource.id", op: "eq", value: "agt_1" },
        { path: "principal.email", op: "eq", value: "tem_1" },
        { path: "resource.owner_id", op: "eq", value: { $ref: "attribute", path: "principal.id" } },
      ],
    };
    const [one, two] = [{ name: "team tem_1" }, { name: "team tem_2" }];
    expect(swapConditions(said, named, "conditions")).toEqual({
      all: [
        team(one),
        { any: [{ not: team({ $ref: "resource", type: "team", ids: [one, two] }, "in") }] },
        { path: "principal.role", op: "in", value: ["developer", { name: "role rol_1" }] },
        ...said.all.slice(3),
      ],
    });
    expect(swapPrincipal({ role: "rol_1", teams: ["tem_1"], mfa: true }, named, "p")).toEqual({
      ...{ role: { name: "role rol_1" }, teams: [one], mfa: true },
    });
  });

  it("give the ids back, of whatever conditions", () => {
    fc.assert(
      fc.property(conditions({ resource_type: "agent" }), (said) => {
        expect(swapConditions(swapConditions(said, named, "c"), back, "c")).toEqual(said);
      }),
      { numRuns: 500 },
    );
  });

  it("that there are none of stay as they are, each with its place", () => {
    const places: string[] = [];
    const said = { all: [team({ name: "team tem_1" }), { not: team([{ name: "Sales" }], "in") }] };
    const swapped = swapConditions(
      said,
      (type, value, path) => {
        places.push(path);
        return back(type, value, path);
      },
      "policies.0.conditions",
    );
    expect(swapped).toEqual({ all: [team("tem_1"), { not: team([{ name: "Sales" }], "in") }] });
    expect(places).toEqual(["policies.0.conditions.all.0.value", "policies.0.conditions.all.1.not.value.0"]);
  });

  it("are looked for in anything that was sent", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(swapConditions(value, (_type, one) => one, "c")).toEqual(value);
      }),
      { numRuns: 300 },
    );
  });
});

describe("a document", () => {
  it("has a form and a bound", () => {
    const one = portableSchema.parse({
      kaizen_policy: 1,
      name: "One",
      effect: "deny",
      resource_type: "agent",
      action: "update",
    });
    expect(one).toMatchObject({ description: "", conditions: {}, assignments: [], tests: [] });
    const of = (count: number, more: object = {}) => ({
      items: Array.from({ length: count }, () => ({ ...one, ...more })),
    });
    expect(documentSchema.safeParse({ ...of(MOST_IN_DOCUMENT), next_cursor: null }).success).toBe(true);
    for (const wrong of [of(0), of(MOST_IN_DOCUMENT + 1), of(1, { kaizen_policy: 2 })])
      expect(documentSchema.safeParse(wrong).success).toBe(false);
  });
});
