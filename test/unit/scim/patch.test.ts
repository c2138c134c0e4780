import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ENTERPRISE_USER, groupResource, userResource } from "../../../functions/scim/rules/attributes.ts";
import { ScimError } from "../../../functions/scim/rules/error.ts";
import { applyPatch, type Resource } from "../../../functions/scim/rules/patch.ts";

const user: Resource = {
  schemas: ["urn:ietf:params:scim:schemas:core:2.0:User"],
  id: "user_1",
  externalId: "ext-1",
  userName: "ada@example.com",
  displayName: "Ada",
  name: { givenName: "Ada", familyName: "Byron" },
  active: true,
  emails: [
    { type: "work", value: "ada@example.com", primary: true },
    { type: "home", value: "ada@home.example.org" },
  ],
  [ENTERPRISE_USER]: { department: "Maths", manager: { value: "m1" } },
  meta: { resourceType: "User", version: 'W/"1"' },
};
const group: Resource = {
  id: "team_1",
  displayName: "Engines",
  members: [{ value: "u1" }, { value: "u2", type: "User" }],
};

function frozen<T>(value: T): T {
  if (typeof value === "object" && value !== null)
    for (const inner of Object.values(Object.freeze(value))) frozen(inner);
  return value;
}
frozen(user);
frozen(group);

const onUser = (...operations: unknown[]) => applyPatch(user, operations, userResource);
const onGroup = (...operations: unknown[]) => applyPatch(group, operations, groupResource);

function refusal(act: () => unknown): ScimError {
  try {
    act();
  } catch (error) {
    if (error instanceof ScimError) return error;
    throw error;
  }
  throw new Error("taken");
}

interface Recorded {
  readonly name: string;
  readonly on: "user" | "group";
  readonly Operations: unknown[];
  readonly changed: Readonly<Record<string, unknown>>;
}

describe("what directories document that they send", () => {
  const recorded: Recorded[] = JSON.parse(readFileSync(new URL("./patches.json", import.meta.url), "utf8"));
  it.each(recorded)("$name", ({ on, Operations, changed }) => {
    const [before, after] = on === "user" ? [user, onUser(...Operations)] : [group, onGroup(...Operations)];
    const expected = Object.entries({ ...before, ...changed }).filter(([, value]) => value !== null);
    expect(after).toEqual(Object.fromEntries(expected));
  });
});

describe("lists", () => {
  it("an element that is there is not there twice, in whatever case an address is", () => {
    expect(onGroup({ op: "add", path: "members", value: [{ value: "u1" }, { value: "u2" }] })).toEqual(group);
    expect(
      onUser({ op: "add", path: "emails", value: [{ type: "work", value: "ADA@example.com" }] }).emails,
    ).toHaveLength(2);
    // Ids are exact.
    expect(onGroup({ op: "add", path: "members", value: [{ value: "U1" }] }).members).toHaveLength(3);
  });

  it("a new preferred one takes it from the one that was", () => {
    const moved = [
      { type: "work", value: "ada@example.com", primary: false },
      { type: "home", value: "ada@home.example.org", primary: true },
    ];
    expect(onUser({ op: "replace", path: 'emails[type eq "home"].primary', value: "True" }).emails).toEqual(moved);
    const third = { type: "other", value: "a@example.net", primary: true };
    const added = onUser({ op: "add", path: "emails", value: third }).emails;
    expect(added).toEqual([moved[0], { type: "home", value: "ada@home.example.org" }, third]);
  });

  it("an element is made where the path says what it would be, piece by piece too", () => {
    const phone = { type: "mobile", value: "+44 1", primary: true };
    const pieces = [
      { op: "Add", path: 'phoneNumbers[type eq "mobile"].primary', value: "true" },
      { op: "Add", path: 'phoneNumbers[type eq "mobile"].value', value: "+44 1" },
    ];
    expect(onUser(...pieces).phoneNumbers).toEqual([phone]);
    const and = 'phoneNumbers[type eq "mobile" and primary eq true].value';
    expect(onUser({ op: "replace", path: and, value: "+44 1" }).phoneNumbers).toEqual([phone]);
  });

  it("an element that nothing describes is no target", () => {
    for (const path of ['emails[type ne "x" and type sw "q"].value', 'emails[type eq "a" or type eq "b"].value']) {
      expect(refusal(() => onUser({ op: "replace", path, value: "x" })).scimType).toBe("noTarget");
    }
  });

  it("an element goes when its value goes, and the list with its last element", () => {
    expect(onUser({ op: "remove", path: 'emails[type eq "home"].value' }).emails).toEqual(
      [user.emails].flat().slice(0, 1),
    );
    expect(onUser({ op: "replace", path: 'emails[type eq "home"].value', value: "" }).emails).toHaveLength(1);
    expect(onGroup({ op: "remove", path: "members[value pr]" })).toEqual({ id: "team_1", displayName: "Engines" });
    expect(onGroup({ op: "replace", path: "members", value: [] })).not.toHaveProperty("members");
  });

  it("an empty list of what to remove removes nothing", () => {
    expect(onGroup({ op: "remove", path: "members", value: [] })).toEqual(group);
  });
});

describe("what changes nothing", () => {
  it.each([
    [{ op: "replace", path: "displayName", value: "Ada" }],
    [{ op: "add", path: "name", value: { givenName: "Ada" } }],
    [{ op: "remove", path: "nickName" }],
    [{ op: "remove", path: 'emails[type eq "other"]' }],
    [{ op: "remove", path: 'emails[type eq "other"].value' }],
    [{ op: "replace", path: "id", value: "user_1" }],
    [{ op: "replace", value: { schemas: ["urn:x"], id: "user_1" } }],
    [{ op: "add", path: 'addresses[type eq "work"].country', value: "UK" }],
    [{ op: "replace", value: { "urn:example:custom:2.0:User:badge": "7", costume: "hat" } }],
    [{ op: "replace", path: "constructor", value: "x" }],
    [{ op: "replace", path: "nickName", value: null }],
  ])("%j", (operation) => {
    const after = onUser(operation);
    expect(after).toEqual(user);
    expect(after).not.toBe(user);
  });
});

describe("refused operations", () => {
  it.each([
    ["mutability", { op: "replace", path: "id", value: "x" }],
    ["mutability", { op: "add", path: "meta.version", value: "x" }],
    ["mutability", { op: "remove", path: "schemas" }],
    ["mutability", { op: "add", path: "groups", value: [{ value: "team_1" }] }],
    ["mutability", { op: "remove", path: 'groups[value eq "team_1"]' }],
    ["mutability", { op: "replace", value: { id: "user_2" } }],
    ["mutability", { op: "remove", path: "userName" }],
    ["invalidValue", { op: "replace", path: "userName", value: "" }],
    ["invalidValue", { op: "replace", path: "active", value: "maybe" }],
    ["invalidValue", { op: "replace", path: "active", value: 1 }],
    ["invalidValue", { op: "replace", path: "title", value: { a: 1 } }],
    ["invalidValue", { op: "replace", path: "title", value: "x".repeat(257) }],
    ["invalidValue", { op: "replace", path: "name", value: 7 }],
    ["invalidValue", { op: "replace", path: "active" }],
    ["invalidValue", { op: "add", value: "x" }],
    ["invalidValue", { op: "add", path: "emails", value: Array.from({ length: 9 }, (_, n) => ({ value: `${n}` })) }],
    ["noTarget", { op: "remove" }],
    ["invalidPath", { op: "remove", path: "emails[" }],
    ["invalidPath", { op: "remove", path: "__proto__" }],
    ["invalidPath", { op: "remove", path: "a.b.c.d" }],
    ["invalidPath", { op: "remove", path: `emails[${"(".repeat(50)}` }],
    ["invalidPath", { op: "remove", path: `emails[${Array(11).fill('type eq "a"').join(" or ")}]` }],
    ["invalidSyntax", { op: "move", path: "title" }],
    ["invalidSyntax", { path: "title", value: "x" }],
    ["invalidSyntax", { op: "add", path: 7, value: "x" }],
    ["invalidSyntax", null],
    ["invalidSyntax", "remove"],
  ])("%s: %j", (scimType, operation) => {
    expect(refusal(() => onUser(operation))).toMatchObject({ status: 400, scimType });
  });

  it("lists of operations that are none, or too many", () => {
    const operation = { op: "replace", path: "title", value: "x" };
    expect(refusal(() => onUser()).scimType).toBe("invalidSyntax");
    expect(refusal(() => applyPatch(user, { 0: operation }, userResource)).scimType).toBe("invalidSyntax");
    expect(onUser(...Array(100).fill(operation)).title).toBe("x");
    expect(refusal(() => onUser(...Array(101).fill(operation))).scimType).toBe("invalidValue");
  });

  it("more members than a group has", () => {
    const many = (count: number) => Array.from({ length: count }, (_, n) => ({ value: `m${n}` }));
    expect(onGroup({ op: "replace", path: "members", value: many(5_000) }).members).toHaveLength(5_000);
    expect(refusal(() => onGroup({ op: "replace", path: "members", value: many(5_001) })).detail).toContain("members");
    expect(refusal(() => onGroup({ op: "add", path: "members", value: many(4_999) })).detail).toContain("members");
  });
});

describe("whatever is sent", () => {
  it("prototypes stay as they are", () => {
    const hostile = JSON.parse(
      '[{"op":"add","value":{"__proto__":{"x":1},"constructor":{"prototype":{"x":1}},"name":{"__proto__":{"x":1},"givenName":"G"},"prototype.x":1}}]',
    );
    const after = onUser(...hostile);
    expect(after).toEqual({ ...user, name: { givenName: "G", familyName: "Byron" } });
    expect(({} as Record<string, unknown>).x).toBeUndefined();
    expect((after.name as Record<string, unknown>).x).toBeUndefined();
  });

  it("the answer is a resource or a refusal, and patching it again with what it has changes nothing", () => {
    const path = fc.constantFrom(
      "userName",
      "name",
      "name.givenName",
      "emails",
      "emails.value",
      'emails[type eq "work"]',
      "emails[primary eq true].type",
      ENTERPRISE_USER,
      `${ENTERPRISE_USER}:manager`,
      `${ENTERPRISE_USER}:department`,
      "active",
      "title",
      "x",
      undefined,
    );
    const inner = fc.oneof(fc.string(), fc.boolean(), fc.constant(null), fc.constantFrom("work", "true"));
    const part = fc.dictionary(
      fc.constantFrom("value", "type", "primary", "givenName", "title", "department", "name.familyName", "__proto__"),
      inner,
    );
    const value = fc.oneof(inner, part, fc.array(part, { maxLength: 3 }), fc.jsonValue({ maxDepth: 3 }));
    const operation = fc.record({ op: fc.constantFrom("add", "Replace", "REMOVE"), path, value });
    fc.assert(
      fc.property(fc.array(operation, { minLength: 1, maxLength: 4 }), (operations) => {
        let after: Resource;
        try {
          after = onUser(...operations);
        } catch (error) {
          expect(error).toBeInstanceOf(ScimError);
          return;
        }
        const { id: _id, meta: _meta, schemas: _schemas, ...written } = after;
        expect(applyPatch(after, [{ op: "replace", value: written }], userResource)).toEqual(after);
        const emails = (after.emails ?? []) as { primary?: boolean }[];
        expect(emails.filter(({ primary }) => primary).length).toBeLessThan(2);
      }),
      { numRuns: 2_000 },
    );
  });
});
