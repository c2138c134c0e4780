import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ENTERPRISE_USER } from "../../../functions/scim/rules/attributes.ts";
import { ScimError } from "../../../functions/scim/rules/error.ts";
import { type Filter, lookupOf, matches, parseFilter } from "../../../functions/scim/rules/filter.ts";
import type { AttributePath, Literal } from "../../../functions/scim/rules/grammar.ts";

const jane = {
  id: "user_1A",
  externalId: "Ext-1",
  schemas: ["urn:ietf:params:scim:schemas:core:2.0:User", ENTERPRISE_USER],
  userName: "bJensen",
  name: { familyName: "O'Malley", givenName: "Barbara" },
  title: "Tour Guide",
  userType: "Employee",
  active: true,
  emails: [
    { type: "work", value: "babs@example.com", primary: true },
    { type: "home", value: "babs@home.example.org" },
  ],
  [ENTERPRISE_USER]: { department: "Tours", manager: { value: "26118915" } },
  meta: { resourceType: "User", lastModified: "2011-05-13T04:42:34Z" },
};

const asks = (text: string) => matches(parseFilter(text), jane);

function refusal(text: string): ScimError {
  try {
    parseFilter(text);
  } catch (error) {
    if (error instanceof ScimError) return error;
    throw error;
  }
  throw new Error(`taken: ${text}`);
}

describe("filters of RFC 7644, figure 1", () => {
  it.each([
    'userName eq "bjensen"',
    `name.familyName co "O'Malley"`,
    'userName sw "B"',
    'urn:ietf:params:scim:schemas:core:2.0:User:userName sw "b"',
    "title pr",
    'meta.lastModified gt "2011-05-13T04:42:33Z"',
    'meta.lastModified ge "2011-05-13T04:42:34Z"',
    'meta.lastModified lt "2011-05-13T04:42:35Z"',
    'meta.lastModified le "2011-05-13T04:42:34Z"',
    'title pr and userType eq "Employee"',
    'title pr or userType eq "Intern"',
    `schemas eq "${ENTERPRISE_USER}"`,
    'userType eq "Employee" and (emails co "example.com" or emails.value co "example.org")',
    'userType ne "Intern" and not (emails co "example.net" or emails.value co "example.net")',
    'userType eq "Employee" and (emails.type eq "work")',
    'userType eq "Employee" and emails[type eq "work" and value co "@example.com"]',
    'emails[type eq "work" and value co "@example.com"] or ims[type eq "xmpp" and value co "@foo.com"]',
  ])("takes %s", (text) => {
    expect(asks(text)).toBe(true);
  });

  it.each([
    'userName eq "jensen"',
    'emails[type eq "home" and value co "@example.com"]',
    'meta.lastModified gt "2011-05-13T04:42:34Z"',
    "nickName pr",
    'not (title pr) and userType eq "Employee"',
  ])("does not take %s", (text) => {
    expect(asks(text)).toBe(false);
  });
});

describe("what equals", () => {
  it("names have no case; ids have, other texts have none", () => {
    expect(asks('USERNAME EQ "BJENSEN"')).toBe(true);
    expect(asks('id eq "user_1A"')).toBe(true);
    expect(asks('id eq "user_1a"')).toBe(false);
    expect(asks('externalId eq "ext-1"')).toBe(false);
    expect(asks('externalId.value eq "ext-1"')).toBe(false);
    expect(asks(`${ENTERPRISE_USER}:manager.value eq "26118915"`)).toBe(true);
    expect(asks(`${ENTERPRISE_USER.toUpperCase()}:DEPARTMENT eq "tours"`)).toBe(true);
    expect(asks('department eq "tours"')).toBe(false);
  });

  it("dates are the same whatever zone they are written in", () => {
    expect(asks('meta.lastModified eq "2011-05-13T06:42:34+02:00"')).toBe(true);
    expect(asks('meta.lastModified gt "2011-05-13T06:42:33.999+02:00"')).toBe(true);
    expect(asks('meta.lastModified gt "yesterday"')).toBe(false);
  });

  it("what is missing equals nothing, differs from everything, and is null", () => {
    expect(asks('nickName eq ""')).toBe(false);
    expect(asks('nickName ne "x"')).toBe(true);
    expect(asks("nickName eq null")).toBe(true);
    expect(asks("title eq null")).toBe(false);
    expect(asks("title ne null")).toBe(true);
    expect(asks('toString co "a" or constructor pr or name.constructor pr')).toBe(false);
  });

  it("booleans are what they are, as texts of directories, too", () => {
    expect(asks("active eq true")).toBe(true);
    expect(asks('active eq "True"')).toBe(true);
    expect(asks("active eq False")).toBe(false);
    expect(asks("active ne false")).toBe(true);
  });
});

describe("precedence", () => {
  it("not binds more than and, and more than or", () => {
    expect(asks('title pr or nickName pr and userName eq "x"')).toBe(true);
    expect(asks('(title pr or nickName pr) and userName eq "x"')).toBe(false);
    expect(asks("not (title pr) or title pr")).toBe(true);
    expect(asks("not (title pr or title pr)")).toBe(false);
  });
});

describe("refused filters", () => {
  it.each([
    ["", "Expected the name of an attribute at character 1, where it ends."],
    ["userName", "Expected one of eq, ne, co, sw, ew, gt, ge, lt, le, pr at character 9, where it ends."],
    ["userName eq", "Expected a text in quotes, a number, true, false or null at character 12, where it ends."],
    ["userName eq bjensen", "at character 13, where there is bjensen."],
    ['userName is "b"', "at character 10, where there is is."],
    ['userName eq "b', "The text in quotes that begins at character 13 does not end."],
    ['userName eq "\\N"', "The text in quotes at character 13 is not written as in JSON."],
    ['userName eq "a\nb"', "is not written as in JSON"],
    ['(userName eq "b"', "Expected ) at character 17, where it ends."],
    ['userName eq "b")', "Expected the end at character 16"],
    ['emails[type eq "work"', "Expected ] at character 22"],
    ['emails[a[b eq "c"]]', "Expected no bracket here at character 9"],
    ["emails[]", "Expected the name of an attribute at character 8"],
    ['userName eq "b" and', "at character 20, where it ends."],
    ["active gt true", "at character 11"],
    ["userName co 5", "Expected a text in quotes at character 13"],
    ["userName eq 01", "at character 13"],
    ["user name eq 1", "at character 6"],
    ["__proto__ pr", "at character 1"],
    ["'userName' pr", "at character 1"],
  ])("%j", (text, detail) => {
    expect(refusal(text)).toMatchObject({ status: 400, scimType: "invalidFilter" });
    expect(refusal(text).detail).toContain(detail);
  });

  it("takes as much as it says, and no more", () => {
    const deep = (levels: number) => `${"(".repeat(levels)}title pr${")".repeat(levels)}`;
    expect(asks(deep(8))).toBe(true);
    expect(refusal(deep(9)).detail).toBe("Brackets are nested deeper than 8, at character 9.");
    expect(refusal(deep(400)).detail).toContain("deeper than 8");
    expect(refusal("(".repeat(1000)).detail).toContain("deeper than 8");
    expect(refusal("not (".repeat(200)).detail).toContain("deeper than 8");
    const wide = (times: number) => Array(times).fill("title pr").join(" or ");
    expect(asks(wide(50))).toBe(true);
    expect(refusal(wide(51)).detail).toContain("more than 50 times");
    expect(asks(`title ne "${"x".repeat(989)}"`)).toBe(true);
    expect(refusal(`title ne "${"x".repeat(990)}"`).detail).toBe("It is longer than 1000 characters.");
  });

  it("nothing but its own refusals comes out, whatever is put in", () => {
    const piece = fc.constantFrom(
      "userName",
      "emails",
      "[",
      "]",
      "(",
      ")",
      ' "a" ',
      '"',
      "\\",
      " eq ",
      " and ",
      "not",
      ".",
      ":",
      "urn:",
      " pr",
      " ",
      "\u2028",
      "1",
    );
    const text = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.array(piece, { maxLength: 30 }).map((parts) => parts.join("")),
    );
    fc.assert(
      fc.property(text, (input) => {
        try {
          matches(parseFilter(input), jane);
        } catch (error) {
          expect(error).toBeInstanceOf(ScimError);
        }
      }),
      { numRuns: 2_000 },
    );
  });
});

const names = ["userName", "title", "active", "emails", "name", "id", "count"];
const subs = ["value", "type", "givenName", "primary"];
const literal: fc.Arbitrary<Literal> = fc.oneof(
  fc.constantFrom("a", "B", "ab", "work", "", 'q"\\'),
  fc.string({ maxLength: 4 }),
  fc.integer(),
  fc.boolean(),
  fc.constant(null),
);

function compares(path: fc.Arbitrary<AttributePath>): fc.Arbitrary<Filter> {
  return fc.oneof(
    path.map((one): Filter => ({ kind: "present", path: one })),
    fc.record({ kind: fc.constant("compare"), path, operator: fc.constantFrom("eq", "ne"), value: literal }),
    fc.record({
      kind: fc.constant("compare"),
      path,
      operator: fc.constantFrom("co", "sw", "ew", "gt", "ge", "lt", "le"),
      value: literal.filter((value) => typeof value === "string"),
    }),
  );
}

const tree = (leaf: fc.Arbitrary<Filter>) =>
  fc.letrec<{ filter: Filter }>((tie) => ({
    filter: fc.oneof(
      { maxDepth: 2, withCrossShrink: true },
      leaf,
      fc.record({
        kind: fc.constantFrom("and", "or"),
        parts: fc.array(tie("filter"), { minLength: 2, maxLength: 3 }),
      }),
      tie("filter").map((part): Filter => ({ kind: "not", part })),
    ),
  })).filter;

const part = fc.constantFrom(...subs).map((name): AttributePath => ({ name }));
const plain = fc.oneof(
  fc.constantFrom(...names).map((name): AttributePath => ({ name })),
  fc.record({ name: fc.constantFrom(...names), sub: fc.constantFrom(...subs) }),
);
const element = fc.record({ name: fc.constant("emails"), where: tree(compares(part)) });
const filters = tree(
  fc.oneof(
    compares(plain),
    element.map((path): Filter => ({ kind: "some", path })),
    compares(fc.record({ name: fc.constant("emails"), where: tree(compares(part)), sub: fc.constantFrom(...subs) })),
  ),
);

const printPath = ({ name, where, sub }: AttributePath): string =>
  `${name}${where === undefined ? "" : `[${print(where)}]`}${sub === undefined ? "" : `.${sub}`}`;

/** Brackets around each part that has parts, so that the tree is what is read. */
function print(filter: Filter): string {
  if (filter.kind === "present") return `${printPath(filter.path)} pr`;
  if (filter.kind === "some") return printPath(filter.path);
  if (filter.kind === "compare") return `${printPath(filter.path)} ${filter.operator} ${JSON.stringify(filter.value)}`;
  if (filter.kind === "not") return `not (${print(filter.part)})`;
  return filter.parts
    .map((one) => (one.kind === "and" || one.kind === "or" ? `(${print(one)})` : print(one)))
    .join(` ${filter.kind} `);
}

const texts = fc.constantFrom("a", "B", "ab", "aB", "work", "", 'q"\\');
const people = fc.record(
  {
    id: texts,
    userName: texts,
    title: texts,
    active: fc.boolean(),
    count: fc.integer({ min: -2, max: 2 }),
    name: fc.record({ givenName: texts }, { requiredKeys: [] }),
    emails: fc.array(fc.record({ value: texts, type: texts, primary: fc.boolean() }, { requiredKeys: [] }), {
      maxLength: 3,
    }),
  },
  { requiredKeys: [] },
);

type Plain = { readonly [name: string]: unknown };

/** The same question answered the long way: by every value under a path. */
function naive(filter: Filter, resource: Plain): boolean {
  if ("parts" in filter) {
    const answers = filter.parts.map((one) => naive(one, resource));
    return filter.kind === "and" ? !answers.includes(false) : answers.includes(true);
  }
  if (filter.kind === "not") return naive(filter.part, resource) === false;
  const { name, where, sub } = filter.path;
  const list = [resource[name]].flat().filter((one) => one !== undefined) as Plain[];
  const taken = where === undefined ? list : list.filter((one) => naive(where, one));
  if (filter.kind === "some") return taken.length > 0;
  const under: unknown[] = [];
  for (const one of taken) {
    if (sub === undefined) under.push(one);
    else if (typeof one === "object") under.push(one[sub]);
    else if (sub === "value") under.push(one);
  }
  const filled = (one: unknown): boolean =>
    typeof one === "object" && one !== null ? Object.values(one).some(filled) : one !== undefined && one !== "";
  if (filter.kind === "present") return under.some(filled);
  const { operator, value } = filter;
  if (value === null) return operator === "eq" ? !under.some(filled) : under.some(filled);
  const leaves = under
    .map((one) => (typeof one === "object" && one !== null ? (one as Plain).value : one))
    .filter((one) => one !== undefined);
  const fold = (one: unknown) => (name === "id" ? String(one) : String(one).toLowerCase());
  const equal = (one: unknown) => {
    if (typeof one === "boolean") return String(one) === String(value).toLowerCase();
    return typeof one === typeof value && fold(one) === fold(value);
  };
  if (operator === "eq") return leaves.some(equal);
  if (operator === "ne") return leaves.length === 0 || !leaves.every(equal);
  const order = (one: unknown) => (fold(one) < fold(value) ? -1 : Number(fold(one) > fold(value)));
  return leaves
    .filter((one) => typeof one === "string")
    .some((one) => {
      switch (operator) {
        case "co":
          return fold(one).indexOf(fold(value)) !== -1;
        case "sw":
          return fold(one).indexOf(fold(value)) === 0;
        case "ew":
          return (
            fold(one).lastIndexOf(fold(value)) === fold(one).length - fold(value).length &&
            fold(one).length >= fold(value).length
          );
        case "gt":
          return order(one) === 1;
        case "ge":
          return order(one) !== -1;
        case "lt":
          return order(one) === -1;
        default:
          return order(one) !== 1;
      }
    });
}

const short = (filter: Filter) => print(filter).length <= 1_000;

describe("any filter", () => {
  it("is read as it was printed", () => {
    fc.assert(
      fc.property(filters.filter(short), (filter) => {
        expect(parseFilter(print(filter))).toEqual(filter);
      }),
      { numRuns: 1_000 },
    );
  });

  it("takes what a plain reading of its words takes", () => {
    fc.assert(
      fc.property(filters, people, (filter, person) => {
        expect(matches(filter, person), print(filter)).toBe(naive(filter, person));
      }),
      { numRuns: 3_000 },
    );
  });
});

describe("look-ups", () => {
  it.each([
    ['userName eq "a@b.example"', "userName"],
    ['USERNAME Eq "a@b.example"', "userName"],
    ['(externalId eq "a@b.example")', "externalId"],
    ['id eq "a@b.example"', "id"],
    ['displayName eq "a@b.example"', "displayName"],
    ['emails eq "a@b.example"', "emails.value"],
    ['emails.value eq "a@b.example"', "emails.value"],
    ['emails[type eq "work"].value eq "a@b.example"', "emails.value"],
    ['urn:ietf:params:scim:schemas:core:2.0:User:userName eq "a@b.example"', "userName"],
  ])("%s", (text, attribute) => {
    expect(lookupOf(parseFilter(text))).toEqual({ attribute, value: "a@b.example" });
  });

  it.each([
    'userName ne "a"',
    'userName sw "a"',
    "userName pr",
    "userName eq true",
    'title eq "a"',
    'not (userName eq "a")',
    'userName eq "a" and active eq true',
    'userName.value eq "a"',
    'emails[type eq "home"].value eq "a"',
    'emails[type eq "work"].type eq "a"',
    'emails[type eq "work" and value eq "a"]',
    'userName[type eq "work"].value eq "a"',
    `${ENTERPRISE_USER}:displayName eq "a"`,
  ])("none in %s", (text) => {
    expect(lookupOf(parseFilter(text))).toBeUndefined();
  });
});
