import { describe, expect, it } from "vitest";
import { memberAskedFor, mentionedMembers } from "../../../functions/scim/groups/rules/mentioned.ts";
import { asksFor, listQuery, partOf } from "../../../functions/scim/listing/rules/query.ts";
import { sorted } from "../../../functions/scim/listing/rules/sort.ts";
import { userResource } from "../../../functions/scim/rules/attributes.ts";
import { parseFilter } from "../../../functions/scim/rules/filter.ts";
import { userNameKey } from "../../../functions/scim/store.ts";
import { addressOf, displayNameOf } from "../../../functions/scim/users/rules/person.ts";

const user = (more: object) => ({ userName: "ada", ...more });
const mail = (value: string, more: object = {}) => ({ value, ...more });

describe("who somebody is here", () => {
  it("says the preferred address, else that of work, else the first, else the user name where it is one", () => {
    const emails = [mail("home@x.org", { type: "home" }), mail("Work@X.org", { type: "Work" })];
    expect(addressOf(user({ emails: [...emails, mail("best@x.org", { primary: true })] }))).toBe("best@x.org");
    expect(addressOf(user({ emails }))).toBe("work@x.org");
    expect(addressOf(user({ emails: emails.slice(0, 1) }))).toBe("home@x.org");
    expect(addressOf(user({ userName: "Ada@X.org" }))).toBe("ada@x.org");
    expect(addressOf(user({}))).toBeUndefined();
    expect(addressOf(user({ emails: [mail("no address")] }))).toBeUndefined();
  });

  it("has a name that can be shown, whatever the directory sends", () => {
    expect(displayNameOf(user({ displayName: "Ada" }), "a@x.org")).toBe("Ada");
    expect(displayNameOf(user({ name: { givenName: "Ada", familyName: "King" } }), "a@x.org")).toBe("Ada King");
    expect(displayNameOf(user({ displayName: "A\u202eda", name: { formatted: "Ada K." } }), "a@x.org")).toBe("Ada K.");
    expect(displayNameOf(user({ displayName: "   " }), "a@x.org")).toBe("a@x.org");
    expect(displayNameOf(user({ displayName: "x".repeat(256) }), "a@x.org")).toHaveLength(120);
  });
});

describe("what a list asks for", () => {
  it.each([
    ["active eq true", undefined, true],
    ["not (urn:ietf:params:scim:schemas:core:2.0:User:active eq true)", undefined, true],
    ["title pr", "Active", true],
    ["title pr", "urn:ietf:params:scim:schemas:core:2.0:User:active", true],
    ["title pr", "userName", false],
    ['title eq "active"', undefined, false],
  ])("%s by %s: of its standing %s", (filter, sortBy, asked) => {
    expect(asksFor(parseFilter(filter), "active", sortBy)).toBe(asked);
  });
});

describe("user names", () => {
  it("are one in capitals or not and with accents written either way, and have a key whatever they are", () => {
    expect(userNameKey("RENE\u0301E@x.org")).toBe(userNameKey("ren\u00e9e@x.org"));
    expect(userNameKey("ada@x.org")).not.toBe(userNameKey("adam@x.org"));
    for (const letter of ["\u0958", "\u0390", "\u0130", "\ufb2c", "\u20ac", "\u{1d160}"])
      expect(Buffer.byteLength(userNameKey(letter.repeat(256).slice(0, 256).toWellFormed()))).toBeLessThanOrEqual(
        1_000,
      );
  });
});

describe("a part of a list", () => {
  it("begins with 1 and has at most a hundred", () => {
    expect(partOf({})).toEqual({ start: 1, count: 100 });
    expect(partOf({ startIndex: -3, count: -1 })).toEqual({ start: 1, count: 0 });
    expect(partOf({ startIndex: 101, count: 1000 })).toEqual({ start: 101, count: 100 });
    const { count, startIndex } = listQuery.parse({ count: "2147483647", startIndex: "0" });
    expect(partOf({ count, startIndex })).toEqual({ start: 1, count: 100 });
  });

  it("is sorted without case, by the preferred element of a list, those without last", () => {
    const list = [
      { n: 1, emails: [{ value: "b@x" }, { value: "a@x", primary: true }] },
      { n: 2, emails: [{ value: "C@x" }] },
      { n: 3 },
      { n: 4, emails: [{ value: "B@x" }] },
    ];
    const order = (by: string, direction?: string) =>
      sorted(list, by, direction, userResource, (one) => one).map(({ n }) => n);
    expect(order("emails.value")).toEqual([1, 4, 2, 3]);
    expect(order("emails", "descending")).toEqual([3, 2, 4, 1]);
    expect(order("title")).toEqual([1, 2, 3, 4]);
  });
});

describe("the members that a change is about", () => {
  const ids = (value: unknown) => mentionedMembers([value]);
  it("are those that it names; all, where it replaces or removes without naming", () => {
    expect(ids({ op: "add", path: "members", value: [{ value: "a" }, { value: "b" }] })).toEqual(["a", "b"]);
    expect(ids({ op: "Add", value: { members: [{ value: "a" }] } })).toEqual(["a"]);
    expect(ids({ op: "remove", path: 'members[value eq "a"]' })).toEqual(["a"]);
    expect(ids({ op: "remove", path: "members", value: [{ value: "a" }] })).toEqual(["a"]);
    expect(ids({ op: "replace", path: "displayName", value: "x" })).toEqual([]);
    expect(ids({ op: "replace", value: { displayName: "x", id: "y" } })).toEqual([]);
    for (const whole of [
      { op: "remove", path: "members" },
      { op: "replace", path: "members", value: [{ value: "a" }] },
      { op: "replace", value: { members: [] } },
      { op: "remove", path: 'members[type eq "User"]' },
      { op: "add", path: "members", value: Array.from({ length: 5_001 }, (_, i) => ({ value: `u${i}` })) },
    ])
      expect(ids(whole)).toBeUndefined();
    expect(mentionedMembers("nonsense")).toEqual([]);
  });

  it("are asked for by eq in three ways", () => {
    for (const filter of ['members eq "a"', 'members.value eq "a"', 'members[value eq "a"]'])
      expect(memberAskedFor(parseFilter(filter))).toBe("a");
    for (const filter of ['members ne "a"', "members pr", 'displayName eq "a"', 'members[type eq "User"]'])
      expect(memberAskedFor(parseFilter(filter))).toBeUndefined();
  });
});
