import { beforeAll, describe, expect, it } from "vitest";
import type { OperationShape } from "../../shared/http/operation.ts";
import { type ApiAnswer, type Company, registerCompany } from "../support/api.ts";
import { roomyCompany } from "../support/plans.ts";
import { type Directory, directoryOf, scim } from "../support/scim.ts";
import { nowhere } from "./fixtures.ts";
import { parametersOf, pathOf, provisioned, rows } from "./operations.ts";

const ERROR = "urn:ietf:params:scim:api:messages:2.0:Error";

let company: Company;
let directory: Directory;
let revoked: Directory;
beforeAll(async () => {
  [company] = await Promise.all([roomyCompany()]);
  directory = await directoryOf(company);
  revoked = await directoryOf(company);
  await company.call("DELETE", `/scim/tokens/${revoked.token_id}`);
});

/** Asks for an operation of the protocol, of things that are nowhere. */
const ask = (operation: OperationShape, options: Parameters<typeof scim>[2] = {}): Promise<ApiAnswer> =>
  scim(operation.method, pathOf(operation, nowhere(operation)).replace("/scim/v2", ""), {
    ...(operation.request.body === undefined ? {} : { body: {} }),
    ...options,
  });

function expectError(answer: ApiAnswer, status: number): void {
  expect([answer.status, answer.text]).toEqual([status, answer.text]);
  expect(answer.headers.get("content-type")).toBe("application/scim+json");
  expect(answer.body).toMatchObject({ schemas: [ERROR], status: String(status) });
}

describe("what directories do", () => {
  it.each(rows(provisioned))("%s is refused to everybody but a directory, without a reason", async (_, operation) => {
    const forged = `${directory.token.slice(0, -1)}${directory.token.endsWith("A") ? "B" : "A"}`;
    const answers = await Promise.all([
      ask(operation),
      ...[company.token, forged, revoked.token, "kss_nonsense"].map((token) => ask(operation, { token })),
    ]);
    for (const answer of answers) {
      expectError(answer, 401);
      expect(answer.headers.get("www-authenticate")).toBe("Bearer");
      expect(answer.body).toEqual(answers[0]?.body);
    }
  });

  it.each(rows(provisioned.filter((operation) => parametersOf(operation).length > 0)))(
    "%s of what is not there is 404 in the protocol's form",
    async (_, operation) => {
      const body = { Operations: [{ op: "add", path: "title", value: "x" }], userName: "x", displayName: "x" };
      const sends = operation.request.body === undefined ? {} : { body };
      expectError(await ask(operation, { token: directory.token, ...sends }), 404);
    },
  );

  it.each(rows(provisioned.filter(({ request }) => request.body !== undefined)))(
    "%s takes JSON of the two types and no other, in a size that is bounded",
    async (_, operation) => {
      const { token } = directory;
      expectError(await ask(operation, { token, body: '{"a":' }), 400);
      expectError(await ask(operation, { token, body: "a=1", headers: { "content-type": "text/plain" } }), 415);
      expectError(await ask(operation, { token, body: JSON.stringify({ x: "y".repeat(1_000_000) }) }), 413);
      const plain = await ask(operation, { token, headers: { "content-type": "application/json; charset=utf-8" } });
      expect(plain.status).not.toBe(415);
    },
  );

  it("counts against the organization, and is refused at its doors", async () => {
    const other = await registerCompany();
    const of = await directoryOf(other);
    const answer = await of.call("GET", "/Users");
    expect([answer.status, answer.headers.get("ratelimit-limit")]).toEqual([200, "500"]);
  });
});
