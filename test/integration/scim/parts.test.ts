import { beforeEach, describe, expect, it } from "vitest";
import { unique } from "../../support/api.ts";
import { roomyCompany } from "../../support/plans.ts";
import { bring, type Directory, directoryOf, group, ownDomain } from "../../support/scim.ts";

let directory: Directory;
let domain: string;
beforeEach(async () => {
  const company = await roomyCompany();
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

/** Reads a list as a directory does that counts, and has those removed who were given out. */
async function crawl(path: "/Users" | "/Groups", more: Record<string, string>): Promise<string[]> {
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
    for (const id of ids) expect((await directory.call("DELETE", `${path}/${id}`)).status).toBe(204);
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

describe("what a client has already", () => {
  it("is not sent again, as long as it is as it was (If-None-Match)", async () => {
    const [one] = await people(1);
    const [team] = await groups(1);
    for (const path of [`/Users/${one}`, `/Groups/${team}`]) {
      const { version } = (await directory.call("GET", path)).body.meta;
      const same = await directory.call("GET", path, undefined, { "if-none-match": `"x", ${version}` });
      expect([same.status, same.text, same.headers.get("etag")]).toEqual([304, "", version]);
      const changed = { Operations: [{ op: "replace", path: "externalId", value: unique("e") }] };
      expect((await directory.call("PATCH", path, changed)).status).toBeLessThan(300);
      expect((await directory.call("GET", path, undefined, { "if-none-match": version })).status).toBe(200);
    }
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
