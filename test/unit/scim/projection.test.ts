import { describe, expect, it } from "vitest";
import { ENTERPRISE_USER } from "../../../functions/scim/rules/attributes.ts";
import { project } from "../../../functions/scim/rules/projection.ts";

const user = {
  schemas: ["urn:ietf:params:scim:schemas:core:2.0:User"],
  id: "user_1",
  userName: "ada@example.com",
  active: false,
  name: { givenName: "Ada", familyName: "Byron" },
  emails: [{ type: "work", value: "ada@example.com" }, { type: "home" }],
  [ENTERPRISE_USER]: { department: "Maths", manager: { value: "m1", displayName: "M" } },
};
const { schemas, id } = user;

describe("what of a resource is returned", () => {
  it.each([
    ["userName", { userName: user.userName }],
    [" USERNAME , nothing", { userName: user.userName }],
    ["active", { active: false }],
    ["name.givenName", { name: { givenName: "Ada" } }],
    ["name.givenName,name", { name: user.name }],
    ["name,name.givenName", { name: user.name }],
    ["emails.value", { emails: [{ value: "ada@example.com" }] }],
    ["userName.value", {}],
    [ENTERPRISE_USER, { [ENTERPRISE_USER]: user[ENTERPRISE_USER] }],
    [`${ENTERPRISE_USER}:department`, { [ENTERPRISE_USER]: { department: "Maths" } }],
    [`${ENTERPRISE_USER}:manager.value`, { [ENTERPRISE_USER]: { manager: { value: "m1" } } }],
    ["urn:ietf:params:scim:schemas:core:2.0:User:userName", { userName: user.userName }],
    ["unknown,__proto__,constructor,emails[type eq 1],", {}],
  ])("attributes %s", (attributes, expected) => {
    expect(project(user, { attributes })).toEqual({ schemas, id, ...expected });
  });

  it("everything but what is not wanted; the id and the schemas in any case", () => {
    const { emails: _emails, ...others } = user;
    expect(project(user, { excludedAttributes: "EMAILS,id,schemas,unknown" })).toEqual(others);
    expect(project(user, { excludedAttributes: "name.familyName" })).toEqual({ ...user, name: { givenName: "Ada" } });
    expect(project(user, { excludedAttributes: "emails.type" }).emails).toEqual([{ value: "ada@example.com" }]);
    expect(project(user, { excludedAttributes: ENTERPRISE_USER })).not.toHaveProperty([ENTERPRISE_USER]);
  });

  it("both, one after the other; nothing asked for is everything", () => {
    expect(project(user, { attributes: "name", excludedAttributes: "name.givenName" })).toEqual({
      schemas,
      id,
      name: { familyName: "Byron" },
    });
    expect(project(user, {})).toEqual(user);
    expect(project(user, { attributes: " ", excludedAttributes: "" })).toEqual(user);
  });
});
