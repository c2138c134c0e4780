import { expect, it } from "vitest";
import { refuseInScim } from "../../../functions/scim/protocol/refusal.ts";
import { invalidFilter } from "../../../functions/scim/rules/error.ts";
import { unauthenticated } from "../../../shared/access/unauthenticated.ts";
import { alreadyExists, Problem } from "../../../shared/errors.ts";
import { rateLimited } from "../../../shared/limits/rate.ts";

const refused = (error: unknown) => {
  const { status, headers, body } = refuseInScim(error, "req_1");
  return { status, headers, body: JSON.parse(String(body)) };
};

it("a refused token and one request too many are messages of the protocol, with the headers of any other", () => {
  const unknown = refused(unauthenticated());
  expect(unknown).toMatchObject({ status: 401, headers: { "www-authenticate": "Bearer" }, body: { status: "401" } });
  const many = refused(rateLimited({ name: "scim_token", limit: 10 }, 7));
  expect(many).toMatchObject({ status: 429, headers: { "retry-after": "7" }, body: { status: "429" } });
  for (const { headers } of [unknown, many]) expect(headers["content-type"]).toBe("application/scim+json");
});

it("what cannot be processed is 400 with the protocol's word, what is there already 409", () => {
  expect(refused(new Problem("validation_failed", "It is wrong."))).toMatchObject({
    status: 400,
    body: { scimType: "invalidValue", detail: "It is wrong." },
  });
  expect(refused(new Problem("malformed_json", "No JSON.")).body).toMatchObject({
    status: "400",
    scimType: "invalidSyntax",
  });
  expect(refused(alreadyExists("name", "Taken.")).body).toMatchObject({ status: "409", scimType: "uniqueness" });
  expect(refused(invalidFilter("What?")).body).toMatchObject({ status: "400", scimType: "invalidFilter" });
  expect(refused(new Problem("conflict", "No.")).body).not.toHaveProperty("scimType");
});

it("what was not foreseen says nothing of itself", () => {
  const { status, body } = refused(new Error("secret"));
  expect([status, JSON.stringify(body).includes("secret")]).toEqual([500, false]);
});
