import { beforeAll, describe, expect, it } from "vitest";
import { type Company, unique } from "../../support/api.ts";
import { roomyCompany } from "../../support/plans.ts";
import { type Directory, directoryOf, group, ownDomain, patchOf, posted } from "../../support/scim.ts";

let company: Company;
let directory: Directory;
let domain: string;
beforeAll(async () => {
  company = await roomyCompany();
  [directory, domain] = await Promise.all([directoryOf(company), ownDomain(company)]);
});

const bulk = (Operations: readonly object[], more: object = {}) =>
  directory.call("POST", "/Bulk", {
    schemas: ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
    Operations,
    ...more,
  });
const user = (bulkId: string, address = `${unique("b")}@${domain}`) => ({
  method: "POST",
  path: "/Users",
  bulkId,
  data: posted(address),
});
const statuses = ({ body }: { body: { Operations: { status: string }[] } }) =>
  body.Operations.map(({ status }) => status);

describe("many changes in one request", () => {
  it("refer to each other by bulkId, whichever comes first", async () => {
    const answer = await bulk([
      { method: "POST", path: "/Groups", bulkId: "team", data: group(unique("Team"), ["bulkId:ada", "bulkId:bob"]) },
      user("ada"),
      user("bob"),
      { method: "PATCH", path: "/Users/bulkId:ada", data: patchOf({ op: "add", path: "title", value: "Countess" }) },
      { method: "DELETE", path: "/Users/bulkId:bob" },
    ]);
    expect(answer.status, answer.text).toBe(200);
    expect(statuses(answer)).toEqual(["201", "201", "201", "200", "204"]);
    const [team, ada] = answer.body.Operations;
    expect([team.bulkId, team.version, team.method]).toEqual(["team", expect.stringMatching(/^W\//), "POST"]);
    const id = ada.location.slice(ada.location.lastIndexOf("/") + 1);
    expect((await directory.call("GET", `/Users/${id}`)).body.title).toBe("Countess");
    const place = team.location.slice(team.location.indexOf("/Groups"));
    const { members } = (await directory.call("GET", place)).body;
    expect(members.map(({ value }: { value: string }) => value)).toContain(id);
  });

  it("are each refused by themselves, with the protocol's message", async () => {
    const address = `${unique("b")}@${domain}`;
    const answer = await bulk([
      user("a", address),
      user("b", address),
      { method: "POST", path: "/Groups", bulkId: "c", data: group(unique("Team"), ["bulkId:nobody"]) },
      { method: "PUT", path: "/Users/usr_unknown", data: posted(address) },
      { method: "GET", path: "/Users" },
      { method: "DELETE", path: "/Unicorns/1" },
    ]);
    expect(statuses(answer)).toEqual(["201", "409", "400", "404", "400", "400"]);
    expect(answer.body.Operations[1].response).toMatchObject({ status: "409", scimType: "uniqueness" });
  });

  it("end after as many refusals as the directory takes", async () => {
    const wrong = { method: "DELETE", path: "/Users/usr_unknown" };
    const answer = await bulk([wrong, wrong, user("late")], { failOnErrors: 2 });
    expect(statuses(answer)).toEqual(["404", "404"]);
  });

  it("are as many as the service says, and no more", async () => {
    const { maxOperations } = (await directory.call("GET", "/ServiceProviderConfig")).body.bulk;
    const wrong = { method: "DELETE", path: "/Users/usr_unknown" };
    expect((await bulk(Array.from({ length: maxOperations }, () => wrong))).status).toBe(200);
    const refused = await bulk(Array.from({ length: maxOperations + 1 }, () => wrong));
    expect([refused.status, refused.body.status]).toEqual([413, "413"]);
  });
});
