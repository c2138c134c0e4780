import { describe, expect, it } from "vitest";
import { allOperations } from "../../../functions/operations.ts";
import { rateClasses, rateClassNames, rateOf } from "../../../shared/limits/classes.ts";

const operations = allOperations.map(({ operation }) => operation);
const idsOf = (name: string) => operations.filter(({ rate_class }) => rate_class === name).map(({ id }) => id);

describe("the class of an operation", () => {
  it("is one of the table for each, and each of the table has some", () => {
    for (const { id, rate_class } of operations) expect([id, rateClasses[rate_class]]).not.toContain(undefined);
    expect(rateClassNames.filter((name) => idsOf(name).length === 0)).toEqual([]);
  });

  it("is that of work for whatever begins a run, calls a model or has a gateway asked", () => {
    const begins = operations.filter(({ continues_trace }) => continues_trace).map(({ id }) => id);
    expect(new Set(idsOf("execute"))).toEqual(
      new Set([...begins, "agents.index_contexts", "gateways.check", "deployments.drift"]),
    );
  });

  it("is a try to sign in for all that is sent without a token, but for what proves itself otherwise", () => {
    const tries = operations.filter(({ permission, method }) => permission === "public" && method !== "GET");
    const others = tries.filter(({ rate_class }) => rate_class !== "sign_in").map(({ id }) => id);
    expect(others).toEqual(["api_keys.report_leaked"]);
  });

  it("lets nothing pass as reading that changes something", () => {
    const sent = operations.filter(({ method, rate_class }) => method !== "GET" && rate_class === "read");
    expect(sent.map(({ id }) => id).sort()).toEqual([
      "pipelines.validate",
      "policies.replay",
      "policies.simulate",
      "policies.test",
      "policies.validate_conditions",
      "scim.search",
      "scim.search_groups",
      "scim.search_users",
    ]);
  });
});

describe("the rate of a class", () => {
  it("is what the table says of a person with 600 requests a minute", () => {
    expect(Object.fromEntries(rateClassNames.map((name) => [name, rateOf(name, 600)]))).toEqual({
      sign_in: 60,
      read: 600,
      write: 300,
      execute: 100,
      stream: 60,
      export: 30,
    });
  });

  it("is never none", () => {
    for (const name of rateClassNames) expect(rateOf(name, 1)).toBe(1);
  });
});
