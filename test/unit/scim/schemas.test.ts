import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ENTERPRISE_USER } from "../../../functions/scim/rules/attributes.ts";
import { ScimError } from "../../../functions/scim/rules/error.ts";
import {
  normalizeGroup,
  normalizeUser,
  resourceTypes,
  schemaDocuments,
  serviceProviderConfig,
} from "../../../functions/scim/rules/schemas.ts";

const base = "https://api.example.com/scim/v2";

function refusal(act: () => unknown): ScimError {
  try {
    act();
  } catch (error) {
    if (error instanceof ScimError) return error;
    throw error;
  }
  throw new Error("taken");
}

describe("what the service says of itself", () => {
  it("can filter, sort, patch, tell versions and take bulk, and cannot change passwords", () => {
    expect(serviceProviderConfig(base)).toMatchObject({
      patch: { supported: true },
      filter: { supported: true, maxResults: 100 },
      etag: { supported: true },
      bulk: { supported: true, maxOperations: 50, maxPayloadSize: 1_000_000 },
      sort: { supported: true },
      changePassword: { supported: false },
      authenticationSchemes: [{ type: "oauthbearertoken" }],
      meta: { location: `${base}/ServiceProviderConfig` },
    });
  });

  it("every schema that a type of resource names is described", () => {
    const named = resourceTypes(base).flatMap((type) => [
      type.schema,
      ...("schemaExtensions" in type ? type.schemaExtensions.map(({ schema }) => schema) : []),
    ]);
    expect(
      schemaDocuments(base)
        .map(({ id }) => id)
        .sort(),
    ).toEqual(named.sort());
  });

  it("every attribute has every characteristic of RFC 7643, section 7", () => {
    const all = schemaDocuments(base).flatMap(({ attributes }) =>
      attributes.flatMap((one) => [one, ...((one.subAttributes ?? []) as Record<string, unknown>[])]),
    );
    expect(all.length).toBeGreaterThan(40);
    for (const attribute of all) {
      expect(attribute).toMatchObject({
        name: expect.stringMatching(/^\$?[a-z]\w*$/i),
        type: expect.stringMatching(/^(string|boolean|reference|complex|dateTime)$/),
        description: expect.stringMatching(/\.$/),
        multiValued: expect.any(Boolean),
        required: expect.any(Boolean),
        mutability: expect.stringMatching(/^(readOnly|readWrite)$/),
        returned: attribute.name === "groups" ? "request" : "default",
        uniqueness: expect.stringMatching(/^(none|server)$/),
      });
    }
    expect(all.find(({ name }) => name === "userName")).toMatchObject({
      required: true,
      uniqueness: "server",
      caseExact: false,
    });
    expect(all.find(({ name }) => name === "groups")).toMatchObject({ mutability: "readOnly", multiValued: true });
  });
});

describe("users as they are posted", () => {
  it("are read by names in any case, with booleans as texts, without what we do not keep", () => {
    const posted = {
      schemas: ["urn:ietf:params:scim:schemas:core:2.0:User"],
      id: "theirs",
      meta: { resourceType: "User" },
      groups: [{ value: "g1" }],
      USERNAME: "Ada@example.com",
      externalid: "ext",
      Active: "True",
      password: "secret",
      roles: [],
      nickName: "",
      title: null,
      name: { GivenName: "Ada", formatted: "Ada Byron", shoeSize: 5 },
      emails: [{ Primary: "true", type: "work", value: "ada@example.com" }, { type: "home" }],
      phoneNumbers: { value: "+44 1" },
      [ENTERPRISE_USER.toLowerCase()]: { Department: "Maths", manager: "m1" },
    };
    expect(normalizeUser(posted)).toEqual({
      userName: "Ada@example.com",
      externalId: "ext",
      active: true,
      name: { givenName: "Ada", formatted: "Ada Byron" },
      emails: [{ primary: true, type: "work", value: "ada@example.com" }],
      phoneNumbers: [{ value: "+44 1" }],
      [ENTERPRISE_USER]: { department: "Maths", manager: { value: "m1" } },
    });
  });

  it("have one preferred address, and each address once", () => {
    const emails = [
      { value: "a@example.com", primary: true },
      { value: "b@example.com", primary: true },
      { value: "A@example.com" },
    ];
    expect(normalizeUser({ userName: "a", emails }).emails?.map(({ primary }) => primary)).toEqual([true, false]);
  });

  it.each([
    ["userName is required.", {}],
    ["userName is required.", { userName: "" }],
    ["userName must be a text.", { userName: 7 }],
    ["active must be true or false.", { userName: "a", active: "yes" }],
    ["name must be an object.", { userName: "a", name: "Ada" }],
    ["name.givenName must be a text.", { userName: "a", name: { givenName: {} } }],
    ["emails.primary must be true or false.", { userName: "a", emails: [{ value: "x", primary: 1 }] }],
    ["emails has more than 10 elements.", { userName: "a", emails: Array(11).fill({ value: "x" }) }],
    ["title has more than 256 characters.", { userName: "a", title: "x".repeat(257) }],
    ["title takes one value, not a list.", { userName: "a", title: ["x", "y"] }],
    [`${ENTERPRISE_USER}:department must be a text.`, { userName: "a", [ENTERPRISE_USER]: { department: 1 } }],
    [
      `${ENTERPRISE_USER}:manager.value must be a text.`,
      { userName: "a", [ENTERPRISE_USER]: { manager: { value: 1 } } },
    ],
  ])("refused: %s", (detail, posted) => {
    expect(refusal(() => normalizeUser(posted))).toMatchObject({ status: 400, scimType: "invalidValue", detail });
  });

  it("are so large at most that a hundred fit into one answer", () => {
    const phoneNumbers = Array.from({ length: 10 }, (_, i) => ({
      value: `${i}${"\u20ac".repeat(255)}`,
      display: "\u20ac".repeat(256),
      type: "\u20ac".repeat(256),
    }));
    expect(refusal(() => normalizeUser({ userName: "a", phoneNumbers, emails: phoneNumbers }))).toMatchObject({
      scimType: "invalidValue",
      detail: "The resource has more than 24000 bytes.",
    });
    expect(normalizeUser({ userName: "a", phoneNumbers: phoneNumbers.slice(0, 9) }).phoneNumbers).toHaveLength(9);
  });

  it.each([[null], ["x"], [[]], [undefined], [7]])("no resource: %j", (posted) => {
    expect(refusal(() => normalizeUser(posted)).scimType).toBe("invalidSyntax");
  });

  it("whatever is posted: a user that is read again as it is, or a refusal", () => {
    const value = fc.oneof(fc.jsonValue({ maxDepth: 4 }), fc.string({ unit: "binary" }));
    const name = fc.constantFrom("userName", "name", "emails", "active", ENTERPRISE_USER, "__proto__", "constructor");
    fc.assert(
      fc.property(fc.dictionary(name, value), (posted) => {
        try {
          const read = normalizeUser({ userName: "a", ...posted });
          expect(normalizeUser(read)).toEqual(read);
          expect(Object.getPrototypeOf(read)).toBe(Object.prototype);
        } catch (error) {
          expect(error).toBeInstanceOf(ScimError);
        }
      }),
      { numRuns: 1_000 },
    );
  });
});

describe("groups as they are posted", () => {
  it("have a name, and each member once", () => {
    const members = [
      { value: "u1", $ref: "https://x.example/1" },
      { value: "u1", display: "One" },
      { value: "u2" },
      {},
    ];
    expect(normalizeGroup({ displayName: "G", externalId: "e", members, userName: "no" })).toEqual({
      displayName: "G",
      externalId: "e",
      members: [{ value: "u1", $ref: "https://x.example/1" }, { value: "u2" }],
    });
    expect(normalizeGroup({ displayName: "G", members: [{}] })).toEqual({ displayName: "G" });
  });

  it("are bounded", () => {
    const many = (count: number) => Array.from({ length: count }, (_, n) => ({ value: `m${n}` }));
    expect(normalizeGroup({ displayName: "G", members: many(5_000) }).members).toHaveLength(5_000);
    expect(refusal(() => normalizeGroup({ displayName: "G", members: many(5_001) })).detail).toBe(
      "members has more than 5000 elements.",
    );
    expect(refusal(() => normalizeGroup({ members: [] })).detail).toBe("displayName is required.");
  });
});
