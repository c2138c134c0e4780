import { type CedarValueJson, preparsePolicySet, statefulIsAuthorized } from "@cedar-policy/cedar-wasm/nodejs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { toCedar } from "../../../shared/policies/cedar.ts";
import { compilePolicies } from "../../../shared/policies/decide.ts";
import type { PolicyRequest } from "../../../shared/policies/language.ts";
import { thorough } from "../../support/thorough.ts";
import { bundle, request } from "./support/generated.ts";
import { slowClock } from "./support/slow.ts";

/** Requests that are decided by each set of policies; Cedar parses the set once. */
const REQUESTS = 20;
const SETS = (thorough ? 100_000 : 4_000) / REQUESTS;

type Attributes = Record<string, CedarValueJson>;
const datetime = (arg: string): CedarValueJson => ({ __extn: { fn: "datetime", arg } });

/** Cedar has no null: what is missing is left out. */
const present = (facts: object): Attributes =>
  Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined && value !== null));

/** A request in Cedar's words, as the head of an export asks for it. */
function asked({ principal, resource, context, at, resource_type, action }: PolicyRequest, zones: readonly string[]) {
  const who = { type: "User", id: principal.id };
  const what = { type: resource_type === "agent" ? "Agent" : "Pipeline", id: String(resource.id ?? "") };
  const domain = principal.email?.split("@").at(-1);
  const { created_at, ...fields } = resource;
  const clocks = zones.map((zone): [string, CedarValueJson] => {
    const { date, ...clock } = slowClock(at, zone);
    return [zone, { ...clock, minute_of_day: clock.hour * 60 + clock.minute, date: datetime(date) }];
  });
  const { ip, ...said } = context;
  return {
    principal: who,
    action: { type: "Action", id: action },
    resource: what,
    context: {
      ...present(said),
      ...(ip === undefined ? {} : { ip: { __extn: { fn: "ip", arg: ip } } }),
      request_time: datetime(at.toISOString()),
      time: Object.fromEntries(clocks),
    },
    entities: [
      { uid: who, attrs: { ...present(principal), ...present({ email_domain: domain }) }, parents: [] },
      {
        uid: what,
        attrs: {
          ...present(fields),
          type: resource_type,
          ...(typeof created_at === "string" ? { created_at: datetime(created_at) } : {}),
        },
        parents: [],
      },
    ],
  };
}

describe("an export to Cedar", () => {
  it("leaves out what Cedar has no words for, and says so in the text and beside it", () => {
    const all = {
      name: "Night\nshift",
      resource_type: "agent",
      action: "read",
      assignments: [{ type: "organization" }],
      status: "active",
      version: 1,
    } as const;
    const { text, omitted } = toCedar({
      policies: [
        { ...all, id: "pol_1", effect: "deny", conditions: { path: "principal.email", op: "matches", value: "^a" } },
        {
          ...all,
          id: "pol_2",
          effect: "deny",
          conditions: {
            path: "resource.name",
            op: "contains",
            value: { $ref: "attribute", path: "principal.email_domain" },
          },
        },
        { ...all, id: "pol_3", effect: "require_approval", conditions: {} },
        { ...all, id: "pol_4", effect: "deny", conditions: {}, status: "shadow" },
      ],
    });
    expect(omitted.map(({ policy, why }) => [policy.id, why])).toEqual([
      ["pol_1", "Cedar has nothing like `matches`"],
      ["pol_2", "Cedar compares patterns with no other attribute"],
      ["pol_3", "Cedar decides yes or no, it asks for no approval"],
    ]);
    expect(text).toContain("// OMITTED, deny: Night shift (pol_1): Cedar has nothing like `matches`");
    expect(text).not.toContain("pol_4");
  });

  it(`decides as the policies do: ${SETS * REQUESTS} pairs of policies and a request`, () => {
    const decided = { allow: 0, deny: 0 };
    fc.assert(
      fc.property(bundle(), fc.array(request, { minLength: REQUESTS, maxLength: REQUESTS }), (policies, requests) => {
        const { text, omitted, zones } = toCedar(policies);
        expect(preparsePolicySet("exported", { staticPolicies: text })).toEqual({ type: "success" });
        const compiled = compilePolicies({
          ...policies,
          policies: policies.policies.filter((policy) => omitted.every((one) => one.policy !== policy)),
        });
        for (const one of requests) {
          const answer = statefulIsAuthorized({ ...asked(one, zones), preparsedPolicySetId: "exported" });
          if (answer.type === "failure") throw new Error(JSON.stringify(answer.errors));
          expect(answer.response.diagnostics.errors).toEqual([]);
          const { outcome } = compiled.decide(one);
          expect(answer.response.decision, text).toBe(outcome);
          decided[answer.response.decision]++;
        }
      }),
      { numRuns: SETS },
    );
    // Policies that all say the same would prove nothing.
    expect(Math.min(decided.allow, decided.deny)).toBeGreaterThan((SETS * REQUESTS) / 10);
  }, 1_800_000);
});
