import { describe, expect, it } from "vitest";
import { registerCompany } from "../../support/api.ts";
import { scim } from "../../support/scim.ts";

const ERROR = "urn:ietf:params:scim:api:messages:2.0:Error";
const typeOf = ({ headers }: { readonly headers: Headers }) => headers.get("content-type");

describe("what the service can do", () => {
  it("is read without a token", async () => {
    const config = await scim("GET", "/ServiceProviderConfig");
    expect([config.status, typeOf(config)]).toEqual([200, "application/scim+json"]);
    expect(config.body).toMatchObject({ patch: { supported: true }, etag: { supported: true } });
    expect(config.body.meta.location).toMatch(/^http.*\/scim\/v2\/ServiceProviderConfig$/);
    const types = await scim("GET", "/ResourceTypes");
    expect(types.body.Resources.map(({ id }: { id: string }) => id)).toEqual(["User", "Group"]);
    expect((await scim("GET", "/ResourceTypes/User")).body.endpoint).toBe("/Users");
    const schemas = await scim("GET", "/Schemas");
    expect(schemas.body).toMatchObject({ totalResults: 3, startIndex: 1, itemsPerPage: 3 });
    for (const { id, meta } of schemas.body.Resources) {
      const one = await scim("GET", `/Schemas/${id}`);
      expect([one.status, one.body.meta.location]).toEqual([200, meta.location]);
    }
  });

  it("is not filtered", async () => {
    const refused = await scim("GET", '/Schemas?filter=id%20eq%20"x"');
    expect([refused.status, refused.body.status]).toEqual([403, "403"]);
  });
});

describe("a failure under /scim/v2", () => {
  it("is a message of the protocol, whatever has failed", async () => {
    const unknown = await scim("GET", "/Unicorns");
    const nothing = await scim("GET", "/Schemas/none");
    const method = await scim("DELETE", "/ServiceProviderConfig");
    const form = await scim("GET", "/Schemas/");
    for (const answer of [unknown, nothing, method, form]) {
      expect(typeOf(answer)).toBe("application/scim+json");
      expect(answer.body).toEqual({
        schemas: [ERROR],
        status: String(answer.status),
        detail: expect.stringMatching(/\.$/),
      });
      expect(answer.headers.get("x-request-id")).toMatch(/^req_/);
    }
    expect([unknown, nothing, method, form].map(({ status }) => status)).toEqual([404, 404, 405, 404]);
    expect(method.headers.get("allow")).toBe("GET, HEAD");
  });
});

describe("a token", () => {
  it("is made for the directory by an administrator, who is told where it goes", async () => {
    const company = await registerCompany();
    const made = await company.call("POST", "/scim/tokens", { name: "Entra" });
    expect(made.status).toBe(201);
    expect(made.body.base_url).toMatch(/^http.*\/scim\/v2$/);
    const [entry] = (await company.call("GET", "/audit/logs?action=scim.token_created&limit=1")).body.items;
    expect(entry).toMatchObject({ actor: { type: "user" }, resource: { type: "scim_token", id: made.body.id } });
  });
});
