import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type GroupRule, givenRoles, groupRuleSchema, ruled } from "../../../shared/identity/group-rules.ts";

const team = (n: number) => `tem_0000000000000000000000000${n}`;
const rules: GroupRule[] = [
  { group: "Engineering", role: "developer", team_id: team(1) },
  { group: "Operations", role: "operator", team_id: team(2) },
  { group: "Everybody", team_id: team(3) },
];
const viewer = { role: "viewer", team_ids: [] };

describe("rules for groups", () => {
  it.each([
    ["the first rule that matches gives the role", ["Operations", "Engineering"], "developer"],
    ["another group gives another role", ["Operations"], "operator"],
    ["a group is the same in capitals, and however its accents are composed", [" ENGINEERING "], "developer"],
    ["no group gives the default role", [], "viewer"],
    ["a group without a rule gives the default role", ["Sales"], "viewer"],
    ["a rule that names no role gives none", ["Everybody"], "viewer"],
  ])("%s", (_, groups, role) => {
    expect(ruled(rules, groups, { role: "operator", team_ids: [] }, "viewer").role).toBe(role);
  });

  it("put into the teams of the groups, and out of those that only other groups give", () => {
    const now = { role: "viewer", team_ids: [team(2), team(9)] };
    expect(ruled(rules, ["engineering", "everybody"], now, "viewer")).toEqual({
      role: "developer",
      enter: [team(1), team(3)],
      leave: [team(2)],
    });
  });

  it("keep a team that one group gives and another does not", () => {
    const both: GroupRule[] = [
      { group: "a", team_id: team(1) },
      { group: "b", team_id: team(1) },
    ];
    expect(ruled(both, ["b"], { role: "viewer", team_ids: [team(1)] }, "viewer").leave).toEqual([]);
  });

  it("change nothing where the provider does not say the groups", () => {
    const now = { role: "developer", team_ids: [team(1)] };
    expect(ruled(rules, undefined, now, "viewer")).toEqual({ role: "developer", enter: [], leave: [] });
  });

  it("leave the role alone where no rule names one", () => {
    expect(ruled([{ group: "a", team_id: team(1) }], [], { ...viewer, role: "developer" }, "viewer").role).toBe(
      "developer",
    );
  });

  it.each(["org_owner", "org_admin"])("take %s from nobody", (role) => {
    expect(ruled(rules, ["Engineering"], { role, team_ids: [] }, "viewer").role).toBe(role);
  });

  it("give and take a role of the organization's own as long as it is one that rules give", () => {
    const own = "rol_01JDQ4X0Z5V8W3N7K2M9R6T1BC";
    const some: GroupRule[] = [{ group: "Engineering", role: own }];
    const by_rule = new Set([...givenRoles, own]);
    expect(ruled(some, ["Engineering"], viewer, "viewer", by_rule).role).toBe(own);
    expect(ruled(some, [], { role: own, team_ids: [] }, "viewer", by_rule).role).toBe("viewer");
    // One that manages others by now, or is gone: who has nothing of it gets nothing, who has it keeps it.
    expect(ruled(some, ["Engineering"], viewer, "viewer").role).toBe("viewer");
    expect(ruled(some, [], { role: own, team_ids: [] }, "viewer").role).toBe(own);
  });

  it("give nobody a role that manages others, whatever is asked for", () => {
    for (const role of ["org_owner", "org_admin", "tenant_admin", "nonsense"])
      expect(groupRuleSchema.safeParse({ group: "a", role }).success).toBe(false);
    expect(groupRuleSchema.safeParse({ group: "a" }).success).toBe(false);
    expect(groupRuleSchema.safeParse({ group: "a", role: "developer" }).success).toBe(true);
  });

  it("come to rest: applied to what they made they change nothing, for any rules, groups and teams", () => {
    const name = fc.constantFrom("a", "b", "c");
    const rule = fc.record({
      group: name,
      role: fc.option(fc.constantFrom(...givenRoles), { nil: undefined }),
      team_id: fc.option(fc.constantFrom(team(1), team(2), team(3)), { nil: undefined }),
    }) as fc.Arbitrary<GroupRule>;
    const teams = fc.uniqueArray(fc.constantFrom(team(1), team(2), team(3), team(4)));
    fc.assert(
      fc.property(fc.array(rule), fc.array(name), teams, (some, groups, team_ids) => {
        const first = ruled(some, groups, { role: "operator", team_ids }, "viewer");
        const after = {
          role: first.role,
          team_ids: [...team_ids.filter((id) => !first.leave.includes(id)), ...first.enter],
        };
        expect(ruled(some, groups, after, "viewer")).toEqual({ role: first.role, enter: [], leave: [] });
      }),
    );
  });
});
