import { expect, it } from "vitest";
import { allOperations } from "../../../functions/operations.ts";
import { scopesOf } from "../../../functions/platform/reference/rules/scopes.ts";

const scopes = scopesOf(allOperations.map(({ operation }) => operation));

it("what keys can be allowed is what opens something, with all that it opens but what asks for a proof", () => {
  const opens = (id: string) => scopes.find((scope) => scope.id === id)?.operations.map(({ path }) => path);
  expect(opens("agents:read")).toContain("/api/v1/agents");
  expect(opens("pipelines:read")).toContain("/api/v1/suites/{suite_id}");
  expect(opens("agents:read")).toContain("/api/v1/suites/{suite_id}");
  // No operation asks for it yet.
  expect(opens("trust:manage")).toBeUndefined();
  // All of these ask for a proof.
  expect(opens("scim:create")).toBeUndefined();
  expect(opens("api_keys:create")).toBeUndefined();
  const keyless = allOperations
    .filter(({ operation }) => operation.step_up !== undefined)
    .map(({ operation }) => operation.id);
  const listed = scopes.flatMap(({ operations }) => operations.map(({ id }) => id));
  expect(listed.filter((id) => keyless.includes(id))).toEqual([]);
});
