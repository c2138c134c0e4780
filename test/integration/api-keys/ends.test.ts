import { describe, expect, it } from "vitest";
import { comesDue } from "../../../functions/api-keys/consumers.ts";
import { apiKeyDue } from "../../../functions/api-keys/store.ts";
import { apiKeyItem } from "../../../shared/access/keys/items.ts";
import { quotaItem } from "../../../shared/limits/quota.ts";
import type { Mail } from "../../../shared/mail/send.ts";
import { type Company, registerCompany } from "../../support/api.ts";
import { dueOf } from "../../support/due.ts";
import { apiKey } from "../../support/keys.ts";
import { become } from "../../support/members.ts";
import { stackTable } from "../../support/stack.ts";

const DAY = 86_400_000;
const daysOn = (days: number) => new Date(Date.now() + days * DAY);
const own = ({ organization_id }: Company) => stackTable().of(organization_id);

/** Looks at a key at a time, as the sweeper has it done; gives when to look next, and what was mailed. */
async function look({ organization_id }: Company, id: string, now: Date) {
  const mails: Mail[] = [];
  const send = async (mail: Mail) => {
    mails.push(mail);
  };
  const due = { tenant: organization_id, kind: apiKeyDue.kind, ref: id, at: now.toISOString() };
  const next = await comesDue(due, { table: stackTable(), clock: { now: () => now }, send });
  return { next, mails };
}

describe("a key that ends", () => {
  it("is told of 14 and 3 days ahead, then ended, which frees its place", async () => {
    const company = await registerCompany();
    const expires_at = daysOn(30).toISOString();
    const { id } = await apiKey(company, { name: "CI", expires_at });
    const end = Date.parse(expires_at);
    const dueAt = async () => (await dueOf(company.organization_id)).find(({ ref }) => ref === id)?.at;
    expect(await dueAt()).toBe(new Date(end - 14 * DAY).toISOString());

    const first = await look(company, id, new Date(end - 14 * DAY + 60_000));
    expect(first.next).toEqual(new Date(end - 3 * DAY));
    expect(first.mails.map(({ to, subject }) => [to, subject])).toEqual([
      [company.email, "API key ends in 14 days: CI"],
    ]);
    const second = await look(company, id, new Date(end - 3 * DAY + 60_000));
    expect(second.next).toEqual(new Date(end));
    expect(second.mails.map(({ subject }) => subject)).toEqual(["API key ends in 3 days: CI"]);

    const used = async () => (await own(company).get(quotaItem, { resource: "api_keys" }))?.used;
    expect(await used()).toBe(1);
    const last = await look(company, id, new Date(end + 1_000));
    expect(last).toEqual({ next: undefined, mails: [] });
    expect(await used()).toBe(0);
    const kept = await own(company).get(apiKeyItem, { id });
    expect(kept).toMatchObject({ status: "expired", expires_at });
    expect(Date.parse(kept?.kept_until ?? "") - end).toBeGreaterThan(399 * DAY);
    // Once more changes nothing.
    expect(await look(company, id, new Date(end + 2_000))).toEqual({ next: undefined, mails: [] });
    expect(await used()).toBe(0);
    const [entry] = (await company.call("GET", "/audit/logs?action=api_key.expired&limit=1")).body.items;
    expect(entry).toMatchObject({ actor: { type: "system", id: "api_key" }, resource: { id, name: "CI" } });
  });

  it("is looked at as its end is moved, and not when it was revoked", async () => {
    const company = await registerCompany();
    const { id } = await apiKey(company, { expires_at: daysOn(2).toISOString() });
    const dueAt = async () => (await dueOf(company.organization_id)).find(({ ref }) => ref === id)?.at;
    const change = (expires_at: string | null) => company.call("PATCH", `/api-keys/${id}`, { expires_at });
    const far = daysOn(100).toISOString();
    expect((await change(far)).status).toBe(200);
    expect(await dueAt()).toBe(new Date(Date.parse(far) - 14 * DAY).toISOString());
    const near = daysOn(5).toISOString();
    await change(near);
    expect(await dueAt()).toBe(new Date(Date.parse(near) - 3 * DAY).toISOString());
    await change(null);
    expect(await dueAt()).toBeUndefined();
    expect(await look(company, id, daysOn(200))).toEqual({ next: undefined, mails: [] });
    await change(near);
    expect((await company.call("DELETE", `/api-keys/${id}`)).status).toBe(204);
    expect(await dueAt()).toBeUndefined();
    expect(await look(company, id, daysOn(6))).toEqual({ next: undefined, mails: [] });
    expect((await own(company).get(apiKeyItem, { id }))?.status).toBe("revoked");
  });

  it("is told to nobody who has left", async () => {
    const company = await registerCompany();
    const { id } = await apiKey(company, { expires_at: daysOn(30).toISOString() });
    await become(company, company.user_id, { status: "suspended" });
    expect((await look(company, id, daysOn(17))).mails).toEqual([]);
  });
});
