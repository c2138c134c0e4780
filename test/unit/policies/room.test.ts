import { describe, expect, it } from "vitest";
import { MOST_CONDITION_BYTES, MOST_ENFORCED_BYTES } from "../../../functions/policies/model.ts";
import { shownAttributes } from "../../../functions/policies/rules/attributes.ts";
import { checked } from "../../../functions/policies/rules/checking.ts";
import { templates } from "../../../functions/policies/rules/templates.ts";
import { type StoredPolicy, withoutPolicy, withPolicy } from "../../../functions/policies/store.ts";
import type { AccessRules } from "../../../shared/access/bundle.ts";
import { Problem } from "../../../shared/errors.ts";

const policy = (over: Partial<StoredPolicy> = {}): StoredPolicy => ({
  id: "pol_1",
  organization_id: "org_x",
  name: "One",
  description: "",
  effect: "deny",
  resource_type: "agent",
  action: "update",
  conditions: {},
  assignments: [{ type: "organization" }],
  status: "active",
  tests: [],
  version: 1,
  created_by: "usr_x",
  created_at: "2026-01-01T00:00:00.000Z",
  updated_at: "2026-01-01T00:00:00.000Z",
  etag: "e",
  ...over,
});
const rules: AccessRules = { version: 3, roles: [], denied_by_default: ["agent"] };

describe("the rules with a policy", () => {
  it("hold it while it is active, once, as it is now, and everything else as it was", () => {
    const first = withPolicy(rules, policy());
    expect(first).toEqual({
      roles: [],
      denied_by_default: ["agent"],
      policies: [expect.objectContaining({ id: "pol_1", version: 1, status: "active" })],
    });
    const both = withPolicy({ ...first, version: 4 }, policy({ id: "pol_0" }));
    expect(both.policies?.map(({ id }) => id)).toEqual(["pol_0", "pol_1"]);
    const changed = withPolicy({ ...both, version: 5 }, policy({ version: 2 }));
    expect(changed.policies?.map(({ id, version }) => [id, version])).toEqual([
      ["pol_0", 1],
      ["pol_1", 2],
    ]);
    const ended = withPolicy({ ...changed, version: 6 }, policy({ status: "inactive" }));
    expect(ended.policies?.map(({ id }) => id)).toEqual(["pol_0"]);
    expect(withoutPolicy({ ...ended, version: 7 }, "pol_0").policies).toEqual([]);
  });

  it("have a bound, which a policy that is not in force does not count against", () => {
    const value = Array.from({ length: 200 }, (_, index) => `${"x".repeat(700)}${index}`);
    const large = policy({ conditions: { path: "resource.name", op: "in", value } });
    const one = withPolicy(rules, large);
    expect(JSON.stringify(one.policies).length).toBeLessThan(MOST_ENFORCED_BYTES);
    const second = { ...large, id: "pol_2" };
    const refuse = () => withPolicy({ ...one, version: 4 }, second);
    expect(refuse).toThrow(Problem);
    expect(refuse).toThrow(/quota_exceeded: All policies that are active or in shadow may have 150000 bytes/);
    expect(withPolicy({ ...one, version: 4 }, { ...second, status: "draft" }).policies).toHaveLength(1);
  });
});

describe("what a policy says", () => {
  it("is refused with all that is wrong with it, in the words of the body", () => {
    const wrong = () =>
      checked(policy({ resource_type: "dragon", conditions: { path: "resource.name", op: "gt", value: 1 } }));
    expect(wrong).toThrow(Problem);
    try {
      wrong();
    } catch (problem) {
      expect((problem as Problem).options.issues?.map(({ path }) => path)).toEqual([
        "resource_type",
        "conditions.path",
        "conditions.op",
      ]);
    }
  });

  it("has conditions of a bounded size", () => {
    const value = Array.from({ length: 200 }, (_, index) => `${"x".repeat(200)}${index}`);
    expect(() => checked(policy({ conditions: { path: "resource.name", op: "in", value } }))).toThrow(Problem);
    expect(MOST_CONDITION_BYTES).toBeLessThan(200 * 200);
  });
});

describe("templates", () => {
  it("can be saved as they are, and each says what it does", () => {
    expect(new Set(templates.map(({ id }) => id)).size).toBe(templates.length);
    for (const template of templates) {
      expect(checked({ ...template }).conditions, template.id).toEqual(template.conditions);
      expect(template.sentence).toMatch(/^Denies /);
    }
  });
});

describe("attributes", () => {
  it("are shown with their operators, and those of things with the types that have them", () => {
    for (const { path, operators, resource_types } of shownAttributes) {
      expect(operators.length, path).toBeGreaterThan(0);
      expect(resource_types?.length ?? 1, path).toBeGreaterThan(0);
    }
  });
});
