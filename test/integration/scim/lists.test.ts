import { beforeAll, describe, expect, it } from "vitest";
import { type Company, unique } from "../../support/api.ts";
import { roomyCompany } from "../../support/plans.ts";
import { type Directory, directoryOf, ownDomain, posted } from "../../support/scim.ts";

let company: Company;
let directory: Directory;
let domain: string;
let ids: string[];
const people = 23;
beforeAll(async () => {
  company = await roomyCompany();
  [directory, domain] = await Promise.all([directoryOf(company), ownDomain(company)]);
  ids = [];
  for (let i = 0; i < people; i++) {
    const more = {
      title: i % 2 === 0 ? "Even" : "Odd",
      name: { givenName: `G${i}`, familyName: `F${String(people - i).padStart(2, "0")}` },
      active: i % 5 !== 0,
      externalId: `ext-${i}`,
    };
    ids.push((await directory.call("POST", "/Users", posted(`${unique("p")}@${domain}`, more))).body.id);
  }
  ids.sort();
});

const list = async (parameters: Record<string, string | number>, of = directory) => {
  const query = new URLSearchParams(
    Object.entries(parameters).map(([name, value]): [string, string] => [name, String(value)]),
  );
  return (await of.call("GET", `/Users?${query}`)).body;
};
const idsOf = ({ Resources }: { Resources: { id: string }[] }) => Resources.map(({ id }) => id);

describe("a list", () => {
  it("goes on at the number after the last one, and neither misses nor repeats anybody who comes or goes meanwhile", async () => {
    const seen: string[] = [];
    let total = people;
    const gone: string[] = [];
    for (let startIndex = 1; startIndex <= total; ) {
      const page = await list({ startIndex, count: 5 });
      expect(page.startIndex).toBe(startIndex);
      expect(page.itemsPerPage).toBe(page.Resources.length);
      total = page.totalResults;
      seen.push(...idsOf(page));
      startIndex += page.itemsPerPage;
      if (page.itemsPerPage === 0) break;
      // One of those that were given out already goes.
      const [first] = idsOf(page);
      if (gone.length < 2 && first !== undefined) {
        gone.push(first);
        expect((await directory.call("DELETE", `/Users/${first}`)).status).toBe(204);
      }
    }
    const rest = await list({ startIndex: seen.length + 1, count: 5 });
    seen.push(...idsOf(rest));
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen).toEqual(ids);
    ids = ids.filter((id) => !gone.includes(id));
  });

  it("begins anywhere, has nothing past its end, and is counted without being read", async () => {
    const all = await list({});
    expect([all.totalResults, all.itemsPerPage]).toEqual([ids.length, ids.length]);
    const other = await directoryOf(company);
    expect(idsOf(await list({ startIndex: 8, count: 3 }, other))).toEqual(ids.slice(7, 10));
    const past = await list({ startIndex: 1000, count: 3 });
    expect([past.totalResults, past.Resources]).toEqual([ids.length, []]);
    const none = await list({ count: 0 });
    expect([none.totalResults, none.itemsPerPage, none.Resources]).toEqual([ids.length, 0, []]);
    expect(idsOf(await list({ startIndex: -5, count: -1 }))).toEqual([]);
    expect((await directory.call("GET", "/Users?count=many")).status).toBe(400);
  });

  it("is filtered by the whole grammar", async () => {
    const odd = await list({ filter: 'title eq "odd" and active eq true' });
    expect(odd.Resources.length).toBeGreaterThan(5);
    expect(odd.Resources.every((one: { title: string; active: boolean }) => one.title === "Odd" && one.active)).toBe(
      true,
    );
    expect(odd.totalResults).toBe(odd.Resources.length);
    const inactive = await list({ filter: "not (active eq true)" });
    expect(inactive.Resources.every((one: { active: boolean }) => !one.active)).toBe(true);
    const mails = await list({ filter: `emails[type eq "work" and value ew "@${domain}"]` });
    expect(mails.totalResults).toBe(ids.length);
    const found = await list({ filter: 'externalId eq "ext-3" and title eq "Odd"' });
    expect(found.totalResults).toBe(1);
    expect((await list({ filter: 'externalId eq "ext-3" and title eq "Even"' })).totalResults).toBe(0);
    const refused = await directory.call("GET", `/Users?filter=${encodeURIComponent("userName eq")}`);
    expect([refused.status, refused.body.scimType]).toEqual([400, "invalidFilter"]);
  });

  it("is sorted by any attribute, both ways, and cut after that", async () => {
    const by = (order: string) => list({ sortBy: "name.familyName", sortOrder: order, startIndex: 2, count: 4 });
    const names = ({ Resources }: { Resources: { name: { familyName: string } }[] }) =>
      Resources.map(({ name }) => name.familyName);
    const [up, down] = [names(await by("ascending")), names(await by("descending"))];
    expect(up).toEqual(up.toSorted());
    expect(down).toEqual(down.toSorted().reverse());
    expect(up).toHaveLength(4);
  });

  it("shows what is asked for, by GET and by POST", async () => {
    const [one] = (await list({ attributes: "userName", count: 1 })).Resources;
    expect(Object.keys(one).sort()).toEqual(["id", "schemas", "userName"]);
    const search = await directory.call("POST", "/Users/.search", {
      schemas: ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],
      excludedAttributes: ["emails", "meta"],
      filter: `userName eq "${one.userName}"`,
      startIndex: 1,
      count: 10,
    });
    expect([search.status, search.body.totalResults]).toEqual([200, 1]);
    expect(search.body.Resources[0]).not.toHaveProperty("emails");
  });

  it("of another organization's directory has nobody of this one", async () => {
    const other = await roomyCompany();
    const theirs = await directoryOf(other);
    expect(await list({}, theirs)).toMatchObject({ totalResults: 0, Resources: [] });
    expect((await theirs.call("GET", `/Users/${ids[0]}`)).status).toBe(404);
    expect((await theirs.call("DELETE", `/Users/${ids[0]}`)).status).toBe(404);
    expect((await directory.call("GET", `/Users/${ids[0]}`)).status).toBe(200);
  });
});
