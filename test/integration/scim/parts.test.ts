import { beforeEach, describe, expect, it } from "vitest";
import { teamItem } from "../../../functions/teams/public.ts";
import { lostRace } from "../../../shared/dynamo/write.ts";
import { membershipItem } from "../../../shared/identity/items.ts";
import { type Company, eventually, unique } from "../../support/api.ts";
import { roomyCompany } from "../../support/plans.ts";
import { bring, type Directory, directoryOf, group, ownDomain } from "../../support/scim.ts";
import { stackTable } from "../../support/stack.ts";

let company: Company;
let directory: Directory;
let domain: string;
beforeEach(async () => {
  company = await roomyCompany();
  [directory, domain] = await Promise.all([directoryOf(company), ownDomain(company)]);
});

const people = async (count: number) => {
  const ids: string[] = [];
  for (let i = 0; i < count; i++) ids.push(await bring(directory, domain));
  return ids.sort();
};
const groups = async (count: number) => {
  const ids: string[] = [];
  for (let i = 0; i < count; i++) ids.push((await directory.call("POST", "/Groups", group(unique("Part")))).body.id);
  return ids.sort();
};

/** What the membership's indexes are kept by. */
const placed = async (user_id: string) => {
  const read = await stackTable().of(company.organization_id).get(membershipItem, { user_id });
  return { role: read?.role ?? "", name_key: read?.name_key ?? "", joined_at: read?.joined_at ?? "" };
};

const removed = async (path: string): Promise<void> => {
  expect((await directory.call("DELETE", path)).status).toBe(204);
};

/** Reads a list as a directory does that counts; what is done with each that was given out, unless told its removal. */
async function crawl(
  path: "/Users" | "/Groups",
  more: Record<string, string>,
  then: (path: string) => Promise<void> = removed,
): Promise<string[]> {
  const seen: string[] = [];
  for (let start = 1, total = 1; start <= total; ) {
    const query = new URLSearchParams({ ...more, startIndex: String(start), count: "3" });
    const { body, status } = await directory.call("GET", `${path}?${query}`);
    expect(status).toBe(200);
    const ids: string[] = body.Resources.map(({ id }: { id: string }) => id);
    seen.push(...ids);
    total = body.totalResults;
    start += body.itemsPerPage;
    if (ids.length === 0) break;
    for (const id of ids) await then(`${path}/${id}`);
  }
  return seen;
}

describe("a list whose beginning goes while it is read", () => {
  it.each([
    ["of all users", "/Users", {}],
    ["of users by a filter", "/Users", { filter: "userName pr" }],
    ["of all groups", "/Groups", {}],
    ["of groups by a filter", "/Groups", { filter: 'displayName sw "part"' }],
  ] as const)("%s misses and repeats nobody", async (_, path, more) => {
    const all = await (path === "/Users" ? people(10) : groups(10));
    expect(await crawl(path, more)).toEqual(all);
  });
});

describe("a list with some who are gone and not forgotten yet", () => {
  it.each(["/Users", "/Groups"] as const)("of %s misses and repeats none of the others", async (path) => {
    const all = await (path === "/Users" ? people(9) : groups(9));
    const own = stackTable().of(company.organization_id);
    // The second, and a whole part in the middle; no event tells of it.
    const gone = [1, 3, 4, 5].map((i) => all[i] ?? "");
    for (const id of gone)
      await own.transact([
        path === "/Users"
          ? own.writes.update(membershipItem, { user_id: id }, { set: { status: "removed", ...(await placed(id)) } })
          : own.writes.remove(teamItem, { id }, { exists: true }, lostRace),
      ]);
    const left = all.filter((id) => !gone.includes(id));
    for (const more of [{}, { filter: path === "/Users" ? "userName pr" : "displayName pr" }])
      expect(await crawl(path, more, async () => {})).toEqual(left);
  });
});

describe("what a client has already", () => {
  it("is not sent again, as long as it is as it was (If-None-Match)", async () => {
    const [one] = await people(1);
    const [team] = await groups(1);
    for (const [path, query] of [
      [`/Users/${one}`, ""],
      [`/Groups/${team}`, "?excludedAttributes=members"],
    ] as const) {
      const { version } = (await directory.call("GET", path)).body.meta;
      const same = await directory.call("GET", path + query, undefined, { "if-none-match": `"x", ${version}` });
      expect([same.status, same.text, same.headers.get("etag")]).toEqual([304, "", version]);
      const changed = { Operations: [{ op: "replace", path: "externalId", value: unique("e") }] };
      expect((await directory.call("PATCH", path, changed)).status).toBeLessThan(300);
      expect((await directory.call("GET", path + query, undefined, { "if-none-match": version })).status).toBe(200);
    }
  });

  it("is sent whole where its version says too little: the members of a group, the groups of a person", async () => {
    const [one] = await people(1);
    const [team] = await groups(1);
    const again = async (path: string) => {
      const { version } = (await directory.call("GET", path)).body.meta;
      const answer = await directory.call("GET", path, undefined, { "if-none-match": version });
      expect(answer.status).toBe(200);
      return answer.body;
    };
    const joins = { Operations: [{ op: "add", path: "members", value: [{ value: one }] }] };
    expect((await directory.call("PATCH", `/Groups/${team}`, joins)).status).toBeLessThan(300);
    expect((await again(`/Users/${one}?attributes=groups,meta`)).groups).toHaveLength(1);
    expect((await again(`/Groups/${team}`)).members).toHaveLength(1);
    expect((await directory.call("DELETE", `/Users/${one}`)).status).toBe(204);
    // Who is gone leaves the groups soon after; no version is told of it.
    await eventually(
      async () => ((await again(`/Groups/${team}`)).members ?? []).length === 0 || undefined,
      "the group without them",
    );
  });
});

describe("what is asked for", () => {
  it("is found as it is told apart: names in capitals, accents written either way, spaces around", async () => {
    const name = unique("Straße");
    const { id } = (await directory.call("POST", "/Groups", group(name))).body;
    for (const asked of [name.toUpperCase(), ` ${name} `]) {
      const query = new URLSearchParams({ filter: `displayName eq "${asked}"` });
      const { body } = await directory.call("GET", `/Groups?${query}`);
      expect(body.Resources.map((one: { id: string }) => one.id)).toEqual([id]);
    }
    const posted = (userName: string) => ({ userName, emails: [{ value: `${unique("e")}@${domain}` }] });
    const ada = (await directory.call("POST", "/Users", posted("Ren\u00e9e"))).body.id;
    const twin = await directory.call("POST", "/Users", posted("rene\u0301e"));
    expect([twin.status, twin.body.scimType]).toEqual([409, "uniqueness"]);
    const query = new URLSearchParams({ filter: 'userName eq "RENE\u0301E"' });
    const { body } = await directory.call("GET", `/Users?${query}`);
    expect(body.Resources.map((one: { id: string }) => one.id)).toEqual([ada]);
  });

  it("may be longer than any key of the table, or half a character: nobody is found", async () => {
    const queries = [
      `/Groups?${new URLSearchParams({ filter: `members eq "${"\u20ac".repeat(980)}"` })}`,
      `/Groups?${new URLSearchParams({ filter: `displayName eq "${"\u0390".repeat(250)}"` })}`,
      `/Users?${new URLSearchParams({ filter: `userName eq "${"\u0958".repeat(250)}"` })}`,
      `/Users?${new URLSearchParams({ filter: String.raw`externalId eq "\ud800"` })}`,
      `/Users?${new URLSearchParams({ filter: `id eq "${"\u20ac".repeat(980)}"` })}`,
    ];
    for (const query of queries) {
      const { status, body } = await directory.call("GET", query);
      expect([query.slice(0, 30), status, body.totalResults]).toEqual([query.slice(0, 30), 200, 0]);
    }
    const long = { userName: "\u0958".repeat(256), emails: [{ value: `${unique("e")}@${domain}` }] };
    const made = await directory.call("POST", "/Users", long);
    expect([made.status, made.body.userName]).toEqual([201, long.userName]);
  });
});
