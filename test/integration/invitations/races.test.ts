import { beforeAll, describe, expect, it } from "vitest";
import { expire } from "../../../functions/invitations/consumers.ts";
import { MAILS_PER_ADDRESS } from "../../../functions/invitations/model.ts";
import { invitationExpiry, invitationItem, pendingInvitationItem } from "../../../functions/invitations/store.ts";
import { addSeconds } from "../../../shared/clock.ts";
import { membershipItem, organizationItem } from "../../../shared/identity/items.ts";
import { quotaItem } from "../../../shared/limits/quota.ts";
import { type Company, registerCompany, unique } from "../../support/api.ts";
import { dueOf } from "../../support/due.ts";
import { invited, linkOf } from "../../support/invitations.ts";
import { stackTable } from "../../support/stack.ts";

const table = () => stackTable();
const used = async ({ organization_id }: Company, resource: string) =>
  (await table().of(organization_id).get(quotaItem, { resource }))?.used ?? 0;
const members = async ({ organization_id }: Company) =>
  (
    await table()
      .of(organization_id)
      .page(membershipItem, { index: "gsi1", of: { status: "active" }, limit: 100 })
  ).items.length;
const accept = (guest: Company, token: string) => guest.call("POST", "/invitations/accept", { token });
const companies = (count: number) => Promise.all(Array.from({ length: count }, () => registerCompany()));

let guests: Company[];
beforeAll(async () => {
  guests = await companies(4);
});

describe("an invitation", () => {
  it("that is followed ten times at once is accepted once, for one seat", async () => {
    const host = await registerCompany();
    const [guest] = guests;
    if (guest === undefined) throw new Error("no guest");
    const { id, email } = await invited(host, guest.email);
    const token = await linkOf(host, id);
    const answers = await Promise.all(Array.from({ length: 10 }, () => accept(guest, token)));
    const statuses = answers.map(({ status }) => status).sort();
    expect(statuses.filter((status) => status === 200)).toHaveLength(1);
    expect(statuses.filter((status) => status === 404 || status === 409)).toHaveLength(9);
    expect([await used(host, "users"), await used(host, "invitations"), await members(host)]).toEqual([2, 0, 2]);
    expect(await table().of(host.organization_id).get(pendingInvitationItem, { email })).toBeUndefined();
    expect((await dueOf(host.organization_id)).filter(({ ref }) => ref === id)).toEqual([]);
  });

  it("takes the last seat once: the plan's three are never four, and who was refused may come later", async () => {
    const host = await registerCompany();
    const tokens = await Promise.all(guests.map(async ({ email }) => linkOf(host, (await invited(host, email)).id)));
    const answers = await Promise.all(guests.map((guest, i) => accept(guest, tokens[i] ?? "")));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 402, 402]);
    expect([await used(host, "users"), await used(host, "invitations"), await members(host)]).toEqual([3, 2, 3]);
    const tenant = table().of(host.organization_id);
    await tenant.transact([tenant.writes.update(organizationItem, {}, { set: { plan: "pro" } })]);
    const refused = answers.findIndex(({ status }) => status === 402);
    const later = guests[refused];
    if (later === undefined) throw new Error("nobody was refused");
    expect((await accept(later, tokens[refused] ?? "")).status).toBe(200);
  });

  it("that is taken back while it is followed is one of the two", async () => {
    const host = await registerCompany();
    const tenant = table().of(host.organization_id);
    await tenant.transact([tenant.writes.update(organizationItem, {}, { set: { plan: "pro" } })]);
    for (const guest of guests) {
      const { id } = await invited(host, guest.email);
      const token = await linkOf(host, id);
      const [accepted, revoked] = await Promise.all([accept(guest, token), host.call("DELETE", `/invitations/${id}`)]);
      const status = (await host.call("GET", `/invitations/${id}`)).body.status;
      expect([accepted.status, revoked.status]).toEqual(status === "accepted" ? [200, 409] : [404, 204]);
    }
    expect([await used(host, "users"), await used(host, "invitations")]).toEqual([await members(host), 0]);
  });

  it("is made once for one address, however many ask at the same time", async () => {
    const host = await registerCompany();
    const email = `${unique("guest")}@example.com`;
    const answers = await Promise.all(
      Array.from({ length: 6 }, () => host.call("POST", "/invitations", { email, role: "viewer" })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409, 409, 409]);
    expect(await used(host, "invitations")).toBe(1);
  });

  it("is mailed five times a day at most, taken back in between or not", async () => {
    const host = await registerCompany();
    const email = `${unique("guest")}@example.com`;
    const first = await invited(host, email);
    const statuses = [];
    for (let i = 1; i < MAILS_PER_ADDRESS; i++)
      statuses.push((await host.call("POST", `/invitations/${first.id}/resend`)).status);
    expect(new Set(statuses)).toEqual(new Set([200]));
    const sixth = await host.call("POST", `/invitations/${first.id}/resend`);
    expect([sixth.status, sixth.body.code]).toEqual([429, "rate_limited"]);
    expect(Number(sixth.headers.get("retry-after"))).toBeGreaterThan(0);
    await host.call("DELETE", `/invitations/${first.id}`);
    expect((await host.call("POST", "/invitations", { email, role: "viewer" })).status).toBe(429);
    expect(await used(host, "invitations")).toBe(0);
  });

  it("ends when its time has come, on record, and makes room for another one", async () => {
    const host = await registerCompany();
    const { id, email, expires_at } = await invited(host);
    const dues = async () =>
      (await dueOf(host.organization_id)).filter(({ ref }) => ref === id).map(({ kind, at }) => ({ kind, at }));
    expect(await dues()).toEqual([{ kind: invitationExpiry.kind, at: expires_at }]);
    const due = { tenant: host.organization_id, kind: invitationExpiry.kind, ref: id, at: expires_at };
    const at = (now: Date) => expire(due, { table: table(), clock: { now: () => now } });
    expect(await at(addSeconds(new Date(), 60))).toEqual(new Date(expires_at));
    await Promise.all(Array.from({ length: 3 }, () => at(new Date(expires_at))));
    const read = await host.call("GET", `/invitations/${id}`);
    expect(read.body.status).toBe("expired");
    const audit = await host.call("GET", "/audit/logs?action=invitation.expired");
    expect(audit.body.items).toHaveLength(1);
    expect([await dues(), await used(host, "invitations")]).toEqual([[], 0]);
    expect((await host.call("POST", "/invitations", { email, role: "viewer" })).status).toBe(201);
    // It is kept for a while, and goes by itself then.
    const item = await table().of(host.organization_id).get(invitationItem, { id });
    expect(item?.purge_at).toBeDefined();
  });
});
