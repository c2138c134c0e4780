import { beforeAll, describe, expect, it } from "vitest";
import { scimUserItem } from "../../../functions/scim/store.ts";
import { emailItem, membershipItem, organizationItem, PLATFORM, userItem } from "../../../shared/identity/items.ts";
import { ownerCountItem } from "../../../shared/identity/owners.ts";
import { type Company, eventually, registerCompany, unique } from "../../support/api.ts";
import { addMember } from "../../support/members.ts";
import { roomyCompany } from "../../support/plans.ts";
import { type Directory, directoryOf, ownDomain, patchOf, posted, readdress } from "../../support/scim.ts";
import { stackTable } from "../../support/stack.ts";

let company: Company;
let directory: Directory;
let domain: string;
beforeAll(async () => {
  company = await roomyCompany();
  [directory, domain] = await Promise.all([directoryOf(company), ownDomain(company)]);
});

const address = () => `${unique("ada")}@${domain}`;
const created = async (more: object = {}, of = directory, at = address()) => {
  const answer = await of.call("POST", "/Users", posted(at, more));
  expect(answer.status, answer.text).toBe(201);
  return answer;
};
const membershipOf = (user_id: string, { organization_id } = company) =>
  stackTable().of(organization_id).get(membershipItem, { user_id });
describe("somebody whom the directory brings", () => {
  it("is a member with the default role, and a user who has nothing to sign in with yet", async () => {
    const email = address();
    const { body, headers } = await created({ externalId: unique("ext") }, directory, email);
    expect(headers.get("location")).toBe(body.meta.location);
    expect(headers.get("etag")).toBe(body.meta.version);
    const membership = await membershipOf(body.id);
    expect(membership).toMatchObject({ role: "viewer", joined_via: "scim", status: "active", primary: true });
    const user = await stackTable().of(PLATFORM).get(userItem, { id: body.id });
    expect(user).toMatchObject({ email, name: "Ada Lovelace", subs: [], has_password: false, sessions_live: 0 });
    const entries = (await company.call("GET", "/audit/logs?action=scim.user_provisioned&limit=10")).body.items;
    expect(entries).toContainEqual(
      expect.objectContaining({
        actor: { type: "scim_token", id: directory.token_id },
        resource: expect.objectContaining({ id: body.id }),
      }),
    );
  });

  it("needs an address of a domain that the organization has proved, whoever else has proved another", async () => {
    const other = await registerCompany();
    const theirs = await ownDomain(other);
    for (const foreign of [`${unique("x")}@${theirs}`, `${unique("x")}@sub.${domain}`, `${unique("x")}@example.com`]) {
      const refused = await directory.call("POST", "/Users", posted(foreign));
      expect([refused.status, refused.body.scimType]).toEqual([400, "invalidValue"]);
      expect(await stackTable().of(PLATFORM).get(emailItem, { email: foreign })).toBeUndefined();
    }
    const none = await directory.call("POST", "/Users", posted("no address", { emails: [] }));
    expect([none.status, none.body.scimType]).toEqual([400, "invalidValue"]);
  });

  it("whose account is of another address keeps it out of reach: no name, address or standing elsewhere changes", async () => {
    const stranger = await registerCompany();
    const refused = await directory.call("POST", "/Users", posted(stranger.email));
    expect(refused.status).toBe(400);
    expect(await membershipOf(stranger.user_id)).toBeUndefined();
  });

  it("who has an account with an address of the domain joins with it, and it stays theirs", async () => {
    const guest = await registerCompany();
    const email = address();
    await readdress(guest.user_id, email);
    const { body } = await created({ displayName: "Another Name" }, directory, email);
    expect(body.id).toBe(guest.user_id);
    const user = await stackTable().of(PLATFORM).get(userItem, { id: guest.user_id });
    expect(user).toMatchObject({ name: "Owner", default_organization_id: guest.organization_id, has_password: true });
    expect(await membershipOf(guest.user_id)).toMatchObject({ role: "viewer", primary: false });
    await directory.call("PATCH", `/Users/${body.id}`, patchOf({ op: "replace", path: "active", value: false }));
    expect((await guest.call("GET", "/agents")).status).toBe(200);
  });

  it("who is a member already is described from then on, with the role that people gave", async () => {
    const member = await addMember(company, "org_admin");
    const email = address();
    await readdress(member.user_id, email);
    const { body } = await created({}, directory, email);
    expect(body.id).toBe(member.user_id);
    expect(await membershipOf(member.user_id)).toMatchObject({ role: "org_admin", joined_via: "invitation" });
  });

  it("is once there for each userName, capitals or not, and each externalId, whoever asks at the same time", async () => {
    const email = address();
    const same = await Promise.all(
      [email, email.toUpperCase(), email, email].map((one) => directory.call("POST", "/Users", posted(one))),
    );
    expect(same.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409]);
    expect(new Set(same.filter(({ status }) => status === 409).map(({ body }) => body.scimType))).toEqual(
      new Set(["uniqueness"]),
    );
    const externalId = unique("ext");
    const twins = await Promise.all(
      Array.from({ length: 4 }, () => directory.call("POST", "/Users", posted(address(), { externalId }))),
    );
    expect(twins.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409]);
    const owner = twins.find(({ status }) => status === 201)?.body;
    const found = await directory.call("GET", `/Users?filter=${encodeURIComponent(`externalId eq "${externalId}"`)}`);
    expect(found.body.Resources.map(({ id }: { id: string }) => id)).toEqual([owner.id]);
  });

  it("takes a seat, the last one once", async () => {
    const small = await registerCompany();
    const [of, name] = await Promise.all([directoryOf(small), ownDomain(small)]);
    const answers = await Promise.all(
      Array.from({ length: 6 }, () => of.call("POST", "/Users", posted(`${unique("a")}@${name}`))),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 201, 402, 402, 402, 402]);
    const refused = answers.find(({ status }) => status === 402);
    expect(refused?.body).toMatchObject({ status: "402", detail: expect.stringContaining("users") });
  });
});

describe("deactivation", () => {
  it("bites on the next request, and activation takes it back", async () => {
    const member = await addMember(company, "developer");
    const email = address();
    await readdress(member.user_id, email);
    await created({}, directory, email);
    expect((await member.call("GET", "/agents")).status).toBe(200);
    // Microsoft Entra's dialect.
    const off = patchOf({ op: "Replace", path: "active", value: "False" });
    const answer = await directory.call("PATCH", `/Users/${member.user_id}`, off);
    expect([answer.status, answer.body.active]).toEqual([200, false]);
    expect((await member.call("GET", "/agents")).body.code).toBe("membership_inactive");
    const on = patchOf({ op: "replace", value: { active: true } });
    expect((await directory.call("PATCH", `/Users/${member.user_id}`, on)).body.active).toBe(true);
    expect((await member.call("GET", "/agents")).status).toBe(200);
  });

  it("is not taken back of whom an administrator has suspended", async () => {
    const { body } = await created();
    await company.call("POST", `/users/${body.id}/suspend`);
    const title = await directory.call("PUT", `/Users/${body.id}`, posted(body.userName, { title: "Countess" }));
    expect([title.status, title.body.active, title.body.title]).toEqual([200, false, "Countess"]);
    expect((await membershipOf(body.id))?.status).toBe("suspended");
  });

  it("suspends again whom an administrator has restored, once the directory says so", async () => {
    const { body } = await created({ active: false });
    expect([body.active, (await membershipOf(body.id))?.status]).toEqual([false, "suspended"]);
    await company.call("POST", `/users/${body.id}/restore`);
    const off = patchOf({ op: "replace", path: "active", value: false });
    expect((await directory.call("PATCH", `/Users/${body.id}`, off)).body.active).toBe(false);
  });

  it("of the last owner is refused, and says why", async () => {
    const own = await registerCompany();
    const [of, name] = await Promise.all([directoryOf(own), ownDomain(own)]);
    const email = `${unique("boss")}@${name}`;
    await readdress(own.user_id, email);
    await created({}, of, email);
    const off = await of.call(
      "PATCH",
      `/Users/${own.user_id}`,
      patchOf({ op: "replace", path: "active", value: false }),
    );
    const gone = await of.call("DELETE", `/Users/${own.user_id}`);
    for (const refused of [off, gone])
      expect([refused.status, refused.body.detail]).toEqual([409, expect.stringContaining("last active owner")]);
    expect(await stackTable().of(own.organization_id).get(ownerCountItem, {})).toEqual({ owners: 1 });
  });
});

describe("removal", () => {
  it("refuses whoever goes from then on, frees their names and hands over what they own to who made the token", async () => {
    const member = await addMember(company, "developer");
    const email = address();
    await readdress(member.user_id, email);
    const externalId = unique("ext");
    await created({ externalId }, directory, email);
    const agent = { agent_type: "chat", model_id: "amazon-bedrock/claude-sonnet-4-5", name: unique("Agent") };
    expect((await member.call("POST", "/agents", agent)).status).toBe(201);
    expect((await directory.call("DELETE", `/Users/${member.user_id}`)).status).toBe(204);
    expect((await member.call("GET", "/agents")).body.code).toBe("membership_inactive");
    expect((await directory.call("GET", `/Users/${member.user_id}`)).status).toBe(404);
    const removal = (await company.call("GET", `/users/${member.user_id}/removal`)).body;
    expect(removal).toMatchObject({ successor_id: company.user_id, removed_by: directory.token_id });
    await eventually(
      async () =>
        (await company.call("GET", `/users/${member.user_id}/removal`)).body.agents_handed_over === 1
          ? true
          : undefined,
      "the agent is handed over",
    );
    // Brought again they are a member again.
    const again = await created({ externalId }, directory, email);
    expect(again.body.id).toBe(member.user_id);
  });

  it("by an administrator takes them out of the directory's people too", async () => {
    const { body } = await created();
    expect((await company.call("DELETE", `/users/${body.id}`)).status).toBe(202);
    expect((await directory.call("GET", `/Users/${body.id}`)).status).toBe(404);
    await eventually(
      async () =>
        (await stackTable().of(company.organization_id).get(scimUserItem, { id: body.id })) === undefined
          ? true
          : undefined,
      "the record is forgotten",
    );
  });

  it("hands over to the owner who has been here longest once the token's maker is none who administers", async () => {
    const own = await roomyCompany();
    const [of, name] = await Promise.all([
      (async () => directoryOf({ ...own, call: (await addMember(own, "org_admin")).call }))(),
      ownDomain(own),
    ]);
    const { created_by } = (await own.call("GET", "/scim/tokens")).body.items[0];
    await own.call("DELETE", `/users/${created_by}`);
    await addMember(own, "org_owner");
    const { body } = await created({}, of, `${unique("x")}@${name}`);
    expect((await of.call("DELETE", `/Users/${body.id}`)).status).toBe(204);
    expect((await own.call("GET", `/users/${body.id}/removal`)).body.successor_id).toBe(own.user_id);
  });
});

describe("a change", () => {
  it("is refused where another came before it, by its version", async () => {
    const { body } = await created();
    const { version } = body.meta;
    const patch = patchOf({ op: "add", path: "title", value: "Countess" });
    const first = await directory.call("PATCH", `/Users/${body.id}`, patch, { "if-match": version });
    expect([first.status, first.body.meta.version === version]).toEqual([200, false]);
    const second = await directory.call("PATCH", `/Users/${body.id}`, patch, { "if-match": version });
    expect([second.status, second.body.status]).toEqual([412, "412"]);
  });

  it("of many at once is lost by none", async () => {
    const { body } = await created();
    const names = ["title", "nickName", "locale", "timezone", "userType"];
    const answers = await Promise.all(
      names.map((path) => directory.call("PATCH", `/Users/${body.id}`, patchOf({ op: "add", path, value: path }))),
    );
    expect(answers.map(({ status }) => status)).toEqual(names.map(() => 200));
    const read = (await directory.call("GET", `/Users/${body.id}`)).body;
    expect(names.map((name) => read[name])).toEqual(names);
  });

  it("after the token was revoked is not made, even by a request that was under way", async () => {
    const own = await roomyCompany();
    const [of, name] = await Promise.all([directoryOf(own), ownDomain(own)]);
    const answers = Promise.all(
      Array.from({ length: 12 }, () => of.call("POST", "/Users", posted(`${unique("r")}@${name}`))),
    );
    const revoked = await own.call("DELETE", `/scim/tokens/${of.token_id}`);
    expect(revoked.status).toBe(204);
    expect((await of.call("GET", "/Users")).status).toBe(401);
    const made = (await answers).filter(({ status }) => status === 201).length;
    expect((await answers).every(({ status }) => status === 201 || status === 401)).toBe(true);
    const { items } = await stackTable().of(own.organization_id).page(scimUserItem, { of: {}, limit: 100 });
    expect(items).toHaveLength(made);
  });

  it("is refused everywhere in a suspended organization", async () => {
    const own = await registerCompany();
    const of = await directoryOf(own);
    const tenant = stackTable().of(own.organization_id);
    await tenant.transact([tenant.writes.update(organizationItem, {}, { set: { status: "suspended" } })]);
    const refused = await of.call("GET", "/Users");
    expect([refused.status, refused.body.status, refused.headers.get("content-type")]).toEqual([
      403,
      "403",
      "application/scim+json",
    ]);
  });
});
