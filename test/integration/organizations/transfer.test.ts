import { beforeEach, describe, expect, it } from "vitest";
import { expireTransfer, sendNotice } from "../../../functions/organizations/consumers.ts";
import { transferExpiry, transferItem } from "../../../functions/organizations/transfer/store.ts";
import { outboxItem } from "../../../shared/change/items.ts";
import { addSeconds } from "../../../shared/clock.ts";
import { membershipItem } from "../../../shared/identity/items.ts";
import { ownerCountItem } from "../../../shared/identity/owners.ts";
import type { Mail } from "../../../shared/mail/send.ts";
import { type Company, registerCompany } from "../../support/api.ts";
import { dueOf } from "../../support/due.ts";
import { addMember, type TestMember } from "../../support/members.ts";
import { stackTable } from "../../support/stack.ts";

let company: Company;
let heir: TestMember;
let path: string;
beforeEach(async () => {
  company = await registerCompany();
  heir = await addMember(company, "viewer");
  path = `/organizations/${company.organization_id}/transfer`;
});

const own = () => stackTable().of(company.organization_id);
const ask = (user_id = heir.user_id, more = {}, from: Pick<Company, "call"> = company) =>
  from.call("POST", path, { user_id, ...more });
const accept = (who: Pick<Company, "call"> = heir) => who.call("POST", `${path}/accept`);
const roleOf = async (user_id: string) => (await own().get(membershipItem, { user_id }))?.role;
const roles = () => Promise.all([roleOf(company.user_id), roleOf(heir.user_id)]);
const owners = async () => (await own().get(ownerCountItem, {}))?.owners;
const status = async () => (await own().get(transferItem, {}))?.status;
const due = async () => (await dueOf(company.organization_id)).filter(({ kind }) => kind === transferExpiry.kind);

describe("a transfer of ownership", () => {
  it("changes both roles at once when it is accepted, and once", async () => {
    const asked = await ask(heir.user_id, { former_role: "developer" });
    expect([asked.status, asked.body.status]).toEqual([201, "pending"]);
    expect(await roles()).toEqual(["org_owner", "viewer"]);
    for (const one of [company, heir]) expect((await one.call("GET", path)).body.id).toBe(asked.body.id);
    const answers = await Promise.all(Array.from({ length: 6 }, () => accept()));
    expect(answers.map(({ status: code }) => code).sort()).toEqual([200, 409, 409, 409, 409, 409]);
    expect(await roles()).toEqual(["developer", "org_owner"]);
    expect([await owners(), await due()]).toEqual([1, []]);
    expect((await company.call("POST", path, { user_id: heir.user_id })).status).toBe(403);
    const log = (await heir.call("GET", "/audit/logs?action=organization.ownership_transferred")).body.items;
    expect(log).toHaveLength(1);
    const changed = (await heir.call("GET", "/audit/logs?action=membership.role_changed")).body.items;
    expect(changed.map(({ resource, changes }: never) => [(resource as { id: string }).id, changes]).sort()).toEqual(
      [
        [company.user_id, [{ field: "role", old: "org_owner", new: "developer" }]],
        [heir.user_id, [{ field: "role", old: "viewer", new: "org_owner" }]],
      ].sort(),
    );
  });

  it("is seen and answered by those two only", async () => {
    const stranger = await addMember(company, "org_admin");
    expect((await heir.call("GET", path)).status).toBe(404);
    await ask();
    for (const [method, end] of [
      ["GET", ""],
      ["POST", "/accept"],
      ["POST", "/decline"],
    ] as const)
      expect((await stranger.call(method, `${path}${end}`)).status).toBe(404);
    expect((await company.call("POST", `${path}/accept`)).status).toBe(404);
    expect((await stranger.call("DELETE", path)).status).toBe(403);
    expect(await status()).toBe("pending");
  });

  it("asks an active member who is no owner, and nobody else", async () => {
    const other = await registerCompany();
    const second = await addMember(company, "org_owner");
    const paused = await addMember(company, "viewer", "suspended");
    for (const user_id of [company.user_id, other.user_id, second.user_id, paused.user_id]) {
      const refused = await ask(user_id);
      expect([refused.status, refused.body.issues[0].path]).toEqual([422, "user_id"]);
    }
    expect((await ask(heir.user_id, { former_role: "org_owner" })).status).toBe(422);
    expect(await status()).toBeUndefined();
  });

  it("is declined or withdrawn, and another one can be asked for then", async () => {
    await ask();
    expect((await heir.call("POST", `${path}/decline`)).body.status).toBe("declined");
    expect((await accept()).status).toBe(409);
    expect((await ask()).status).toBe(201);
    expect((await company.call("DELETE", path)).status).toBe(204);
    expect([(await accept()).status, await status(), await due()]).toEqual([409, "withdrawn", []]);
    expect((await ask()).status).toBe(201);
    expect(await roles()).toEqual(["org_owner", "viewer"]);
  });

  it("ends after seven days, on record, however often its time comes", async () => {
    const { body } = await ask();
    const [item] = await due();
    expect(item?.at).toBe(body.expires_at);
    if (item === undefined) throw new Error("nothing is due");
    const at = (now: Date) => expireTransfer(item, { table: stackTable(), clock: { now: () => now } });
    expect(await at(addSeconds(new Date(body.expires_at), -60))).toEqual(new Date(body.expires_at));
    await Promise.all([1, 2, 3].map(() => at(new Date(body.expires_at))));
    expect([await status(), (await accept()).status]).toEqual(["expired", 409]);
    const log = (await company.call("GET", "/audit/logs?action=organization.transfer_ended")).body.items;
    expect(log).toHaveLength(1);
  });

  it("mails whoever is asked and every owner", async () => {
    const second = await addMember(company, "org_owner");
    await ask();
    await accept();
    const events = [];
    for await (const { envelope } of own().all(outboxItem, { of: { day: new Date().toISOString().slice(0, 10) } }))
      if (/transfer_asked|ownership_transferred/.test(envelope.type)) events.push(envelope);
    expect(events).toHaveLength(2);
    const mails: Mail[] = [];
    const deps = {
      table: stackTable(),
      app_url: "https://app.example.com",
      send: async (mail: Mail) => void mails.push(mail),
    };
    for (const event of events) await sendNotice(event, deps);
    const everybody = [company.email, second.email, heir.email].sort();
    const to = (words: string) =>
      mails
        .filter(({ subject }) => subject.includes(words))
        .map((mail) => mail.to)
        .sort();
    expect(to("Take over")).toEqual([heir.email]);
    expect(to("has changed hands")).toEqual(everybody);
    expect(mails).toHaveLength(4 + everybody.length - 1);
  });
});

describe("when something else happens at the same moment", () => {
  it("of two that are asked for one waits", async () => {
    const [other, second] = await Promise.all([addMember(company, "viewer"), addMember(company, "org_owner")]);
    const answers = await Promise.all([
      ask(),
      ask(other.user_id),
      ask(heir.user_id, {}, second),
      ask(other.user_id, {}, second),
    ]);
    expect(answers.map(({ status: code }) => code).sort()).toEqual([201, 409, 409, 409]);
  });

  it("it is accepted or withdrawn, never both", async () => {
    await ask();
    const [accepted, withdrawn] = await Promise.all([accept(), company.call("DELETE", path)]);
    if (accepted.status === 200) {
      expect(withdrawn.status).not.toBe(204);
      expect([await status(), await roles()]).toEqual(["accepted", ["org_admin", "org_owner"]]);
    } else {
      expect([accepted.status, withdrawn.status]).toEqual([409, 204]);
      expect([await status(), await roles()]).toEqual(["withdrawn", ["org_owner", "viewer"]]);
    }
  });

  it("the one who is asked is removed or takes over, never both", async () => {
    const second = await addMember(company, "org_owner");
    await ask();
    const [accepted, removed] = await Promise.all([accept(), second.call("DELETE", `/users/${heir.user_id}`)]);
    const membership = await own().get(membershipItem, { user_id: heir.user_id });
    const took = (await status()) === "accepted";
    // Removed after having taken over is in order too: owners reach owners.
    expect(accepted.status === 200).toBe(took);
    expect(removed.status === 202).toBe(membership?.status === "removed");
    expect(await roleOf(company.user_id)).toBe(took ? "org_admin" : "org_owner");
    const active = took && membership?.status === "active" ? 2 : took ? 1 : 2;
    expect(await owners()).toBe(active);
  });

  it("whoever asked and is demoted meanwhile hands nothing over", async () => {
    const second = await addMember(company, "org_owner");
    await ask();
    const demote = () => second.call("PATCH", `/users/${company.user_id}`, { role: "developer" });
    const [accepted, demoted] = await Promise.all([accept(), demote()]);
    expect(demoted.status).toBe(200);
    if (accepted.status === 200) expect(await roles()).toEqual(["developer", "org_owner"]);
    else {
      expect([accepted.status, accepted.body.state]).toEqual([409, "asker_no_owner"]);
      expect(await roles()).toEqual(["developer", "viewer"]);
      expect((await accept()).status).toBe(409);
      expect((await second.call("DELETE", path)).status).toBe(204);
    }
    expect(await owners()).toBe(accepted.status === 200 ? 2 : 1);
  });

  it("the one who is asked becomes an owner otherwise: who asked steps down, and the count stays right", async () => {
    await ask();
    expect((await company.call("PATCH", `/users/${heir.user_id}`, { role: "org_owner" })).status).toBe(200);
    expect([(await accept()).status, await roles(), await owners()]).toEqual([200, ["org_admin", "org_owner"], 1]);
  });
});
