import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { attributes } from "../../../shared/policies/attributes.ts";
import type { PolicyConditions } from "../../../shared/policies/language.ts";
import { conditionsInWords, policyInWords } from "../../../shared/policies/words.ts";
import { conditions } from "./support/generated.ts";

const says = (one: unknown) => conditionsInWords(one as PolicyConditions);
const role = { path: "principal.role", op: "eq", value: "developer" };
const env = { path: "resource.environment", op: "in", value: ["production", "staging"] };
const mfa = { path: "principal.mfa", op: "eq", value: true };

describe("conditions in words", () => {
  it.each<[unknown, string]>([
    [{}, "always"],
    [role, 'the caller\'s role is "developer"'],
    [{ not: role }, 'the caller\'s role is not "developer"'],
    [env, 'the thing\'s environment is one of "production", "staging"'],
    [
      { all: [role, { any: [env, mfa] }] },
      'the caller\'s role is "developer" and (the thing\'s environment is one of "production", "staging" or the caller has proved a second factor)',
    ],
    [
      { not: { all: [role, mfa] } },
      'it is not so that (the caller\'s role is "developer" and the caller has proved a second factor)',
    ],
    [{ not: mfa }, "it is not known to be so that the caller has proved a second factor"],
    [{ ...mfa, value: false }, "it is known not to be so that the caller has proved a second factor"],
    [
      { path: "time.weekday", op: "in", value: [6, 7], zone: "Europe/Berlin" },
      "the day of the week (Europe/Berlin) is one of Saturday, Sunday",
    ],
    [{ path: "time.hour", op: "between", value: [9, 17] }, "the hour (UTC) is between 9 and 17, both included"],
    [
      { path: "time.of_day", op: "within", value: { from: "22:00", to: "06:00", weekdays: [5] }, zone: "UTC" },
      "the time of day (UTC) is from 22:00 to 06:00 of the next day on Friday",
    ],
    [
      { path: "time.of_day", op: "within", value: { from: "09:00", to: "24:00" } },
      "the time of day (UTC) is from 09:00 to 24:00",
    ],
    [
      { path: "context.ip", op: "in", value: ["10.0.0.0/8", "2001:db8::/32"] },
      "the caller's address is in 10.0.0.0/8, 2001:db8::/32",
    ],
    [{ path: "context.ip", op: "ne", value: "192.0.2.7/32" }, "the caller's address is not in 192.0.2.7/32"],
    [{ path: "resource.tags", op: "contains", value: "vip" }, 'the thing\'s tags include "vip"'],
    [{ path: "resource.tags", op: "is_empty", value: false }, "the thing's tags are not empty"],
    [{ path: "principal.teams", op: "not_in", value: ["team_1"] }, 'the caller\'s teams include none of "team_1"'],
    [{ path: "principal.email", op: "not_exists" }, "the caller's e-mail address is not known"],
    [{ path: "principal.email", op: "exists", value: false }, "the caller's e-mail address is not known"],
    [
      { not: { path: "principal.email", op: "exists", value: false } },
      "it is not so that the caller's e-mail address is not known",
    ],
    [
      { path: "resource.created_by", op: "eq", value: { $ref: "attribute", path: "principal.id" } },
      "the thing's maker is the caller",
    ],
    [
      { path: "resource.owner_id", op: "eq", value: { $ref: "resource", type: "user", id: "usr_1" } },
      'the thing\'s owner is "usr_1"',
    ],
  ])("%j", (one, words) => {
    expect(says(one)).toBe(words);
  });

  it("names things where their names are known", () => {
    const names = (type: string, id: string) => (type === "team" && id === "team_1" ? "Release" : undefined);
    const of = {
      path: "principal.teams",
      op: "in",
      value: { $ref: "resource", type: "team", ids: ["team_1", "team_2"] },
    };
    expect(conditionsInWords(of, names)).toBe(
      'the caller\'s teams include at least one of "Release" (team_1), "team_2"',
    );
  });

  it("exist for all conditions that there are, without a gap", () => {
    fc.assert(
      fc.property(conditions({ resource_type: "*" }), (one) => {
        expect(conditionsInWords(one)).not.toMatch(/undefined|\[object|null/);
      }),
      { numRuns: 1_000 },
    );
    expect(new Set([...attributes.values()].map(({ words }) => words)).size).toBe(attributes.size);
  });
});

describe("a policy in words", () => {
  const production = {
    effect: "deny",
    resource_type: "agent",
    action: "deploy",
    conditions: { not: role },
    assignments: [{ type: "organization" }],
  } as const;

  it("says what it does, with what, to whom and when", () => {
    expect(policyInWords(production)).toBe(
      'Denies `deploy` on things of type `agent` to everybody in the organization, when the caller\'s role is not "developer".',
    );
    expect(
      policyInWords({
        ...production,
        effect: "allow",
        resource_type: "*",
        action: "*",
        conditions: {},
        assignments: [
          { type: "role", id: "viewer" },
          { type: "team", id: "team_1" },
          { type: "user", id: "usr_1" },
          { type: "api_key", id: "key_1" },
        ],
      }),
    ).toBe(
      'Allows every action on everything to whoever has the role "viewer", the team "team_1", the user "usr_1", the API key "key_1", always.',
    );
    expect(policyInWords({ ...production, conditions: {}, assignments: [] })).toContain(
      "as long as it is assigned to nobody",
    );
  });
});
