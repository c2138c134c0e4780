import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { lookAtProvider } from "../../../functions/sso/saml/consumers.ts";
import { warnOfCertificates } from "../../../functions/sso/saml/warning.ts";
import { connectionItem } from "../../../functions/sso/store.ts";
import type { Envelope } from "../../../shared/change/events.ts";
import { dueItem } from "../../../shared/due/item.ts";
import { PLATFORM } from "../../../shared/identity/items.ts";
import type { Mail } from "../../../shared/mail/send.ts";
import { type Company, registerCompany } from "../../support/api.ts";
import { addMember } from "../../support/members.ts";
import { pool, poolAcs } from "../../support/pool.ts";
import { newCertificate, samlMetadata } from "../../support/saml-metadata.ts";
import { startSamlProvider, type TestSamlProvider } from "../../support/saml-provider.ts";
import { ssoService } from "../../support/sso.ts";

let provider: TestSamlProvider;
const sso = ssoService();
const { table } = sso.deps;
beforeAll(async () => {
  provider = await startSamlProvider(sso.deps.audience, poolAcs());
});
afterAll(() => provider.stop());

const DAY_MS = 86_400_000;
const stored = async (owner: Company, id: string) => {
  const connection = await table.of(owner.organization_id).get(connectionItem, { id });
  if (connection?.provider.kind !== "saml") throw new Error("no SAML connection");
  return { ...connection, provider: connection.provider };
};
const due = (owner: Company, ref: string) =>
  table.of(PLATFORM).get(dueItem, { tenant: owner.organization_id, kind: "saml_provider", ref });
/** What the due function does so many days from now. */
const look = (owner: Company, ref: string, days: number, more: object = {}) =>
  lookAtProvider(
    { tenant: owner.organization_id, kind: "saml_provider", ref, at: "" },
    { ...sso.deps, clock: { now: () => new Date(Date.now() + days * DAY_MS) }, ...more },
  );
const inPool = async (owner: Company, id: string, text: string) => {
  const { provider_name } = await stored(owner, id);
  const { IdentityProvider } = await pool().provider(provider_name);
  return IdentityProvider?.ProviderDetails?.MetadataFile?.includes(text);
};
const told = async (owner: Company, action: string) =>
  (await owner.call("GET", `/audit/logs?action=${action}&limit=10`)).body.items;

async function connected(given: object) {
  const owner = await registerCompany();
  const body = { name: "Directory", provider: { kind: "saml", ...given } };
  const made = await sso.call("POST", "/sso/connections", body, owner.token);
  expect(made.status, made.text).toBe(201);
  return { owner, id: made.body.id as string, made: made.body };
}

const fingerprints = (changes: readonly { field: string; old?: string; new?: string }[]) =>
  changes.find(({ field }) => field === "provider.certificates");

describe("metadata with an address", () => {
  it("is read each day; certificates that have changed are taken over and said, without a gap", async () => {
    const [one, two] = await Promise.all([newCertificate(-1, 200), newCertificate(-1, 400)]);
    const named = { entity_id: `${provider.metadata_url}#` };
    provider.publishes(samlMetadata([one.text], named));
    const { owner, id, made } = await connected({ metadata_url: provider.metadata_url });
    const first = await due(owner, id);
    expect(Date.parse(first?.at ?? "") - Date.parse(made.created_at)).toBe(DAY_MS);
    expect(await look(owner, id, 1)).toBeInstanceOf(Date);
    expect(await told(owner, "sso.connection_updated")).toEqual([]);
    expect((await stored(owner, id)).updated_at).toBe(made.updated_at);

    provider.publishes(samlMetadata([one.text, two.text], named));
    await look(owner, id, 2);
    expect([await inPool(owner, id, one.text), await inPool(owner, id, two.text)]).toEqual([true, true]);
    provider.publishes(samlMetadata([two.text], named));
    await look(owner, id, 3);
    expect([await inPool(owner, id, one.text), await inPool(owner, id, two.text)]).toEqual([false, true]);
    const [last, before] = await told(owner, "sso.connection_updated");
    const { certificates } = (await stored(owner, id)).provider;
    expect(fingerprints(last.changes)?.new).toBe(certificates[0]?.fingerprint.slice(0, 16));
    expect(fingerprints(before.changes)?.new).toBe(fingerprints(last.changes)?.old);
    expect(last.actor).toEqual({ type: "system", id: "saml_provider" });
    expect(await told(owner, "sso.certificate_expiring")).toEqual([]);
  });

  it("stays as it was where it cannot be read, or is another provider's, and says why", async () => {
    const { text } = await newCertificate(-1, 300);
    provider.publishes(samlMetadata([text], { entity_id: "urn:acme" }));
    const { owner, id } = await connected({ metadata_url: provider.metadata_url });
    for (const [published, why] of [
      ["<html>", /XML/],
      [samlMetadata([text], { entity_id: "urn:evil" }), /another provider/],
      [samlMetadata([(await newCertificate(-9, -2)).text], { entity_id: "urn:acme" }), /expired/],
    ] as const) {
      provider.publishes(published);
      const next = await look(owner, id, 1);
      expect(next?.getTime()).toBeGreaterThan(Date.now() + DAY_MS);
      expect((await stored(owner, id)).provider).toMatchObject({
        entity_id: "urn:acme",
        metadata_problem: expect.stringMatching(why),
      });
    }
    expect(await inPool(owner, id, text)).toBe(true);
    expect(await told(owner, "sso.connection_updated")).toEqual([]);
    provider.publishes(samlMetadata([text], { entity_id: "urn:acme" }));
    await look(owner, id, 2);
    expect((await stored(owner, id)).provider.metadata_problem).toBeNull();
  });
});

describe("certificates of a file", () => {
  it("are warned of 30 and 7 days ahead and when they end, each time once", async () => {
    const { text } = await newCertificate(-1, 100);
    const { owner, id } = await connected({ metadata: samlMetadata([text]) });
    const [first] = await Promise.all([due(owner, id)]);
    expect(Math.round((Date.parse(first?.at ?? "") - Date.now()) / DAY_MS)).toBe(70);
    const warnings = async () => (await told(owner, "sso.certificate_expiring")).length;
    const counts: number[] = [];
    for (const days of [69, 71, 72, 94, 95, 101]) {
      await look(owner, id, days);
      counts.push(await warnings());
    }
    expect(counts).toEqual([0, 1, 1, 2, 2, 3]);
    // The pool takes none that is over: it keeps the last one, and nothing fails.
    expect(await inPool(owner, id, text)).toBe(true);
    expect(await look(owner, id, 102)).toBeUndefined();
    const again = { provider: { kind: "saml", metadata: samlMetadata([(await newCertificate(-1, 500)).text]) } };
    expect((await sso.call("PATCH", `/sso/connections/${id}`, again, owner.token)).status).toBe(200);
    expect(Math.round((Date.parse((await due(owner, id))?.at ?? "") - Date.now()) / DAY_MS)).toBe(470);
  });

  it("are given to the pool when they begin to be valid, and the pool has all that are", async () => {
    const [now, later] = await Promise.all([newCertificate(-1, 60), newCertificate(20, 500)]);
    const { owner, id } = await connected({ metadata: samlMetadata([now.text, later.text]) });
    const has = async () => [await inPool(owner, id, now.text), await inPool(owner, id, later.text)];
    expect(await has()).toEqual([true, false]);
    await look(owner, id, 21);
    expect(await has()).toEqual([true, true]);
    await look(owner, id, 61);
    expect(await has()).toEqual([false, true]);
    expect(await told(owner, "sso.certificate_expiring")).toEqual([]);
  });

  it("are all given to the pool by whoever gives the same metadata again after one has begun to be valid", async () => {
    const [now, later] = await Promise.all([newCertificate(-9, 60), newCertificate(-5, 500)]);
    const metadata = samlMetadata([now.text, later.text]);
    const { owner, id } = await connected({ metadata });
    // As if the pool had been told seven days ago, when it got the first one only.
    const { saml } = await stored(owner, id);
    const tenant = table.of(owner.organization_id);
    const chosen_at = new Date(Date.now() - 7 * DAY_MS).toISOString();
    if (saml === null) throw new Error("no SAML connection");
    await tenant.transact([tenant.writes.update(connectionItem, { id }, { set: { saml: { ...saml, chosen_at } } })]);
    const documents: (string | undefined)[] = [];
    const put = async (one: Parameters<typeof sso.deps.providers.put>[0]) => {
      documents.push(one.details.MetadataFile);
    };
    const service = ssoService({ providers: { ...sso.deps.providers, put } });
    const again = { name: "Again", provider: { kind: "saml", metadata } };
    expect((await service.call("PATCH", `/sso/connections/${id}`, again, owner.token)).status).toBe(200);
    expect(documents.map((document) => document?.includes(later.text))).toEqual([true]);
  });

  it("are what the table says, where a look died after the pool had learnt it", async () => {
    const [now, later] = await Promise.all([newCertificate(-1, 60), newCertificate(20, 500)]);
    const { owner, id } = await connected({ metadata: samlMetadata([now.text, later.text]) });
    const put = async (one: Parameters<typeof sso.deps.providers.put>[0]) => {
      await sso.deps.providers.put(one);
      throw new Error("died");
    };
    await expect(look(owner, id, 21, { providers: { ...sso.deps.providers, put } })).rejects.toThrow("died");
    const ref = { tenant: owner.organization_id, kind: "sso_connection", ref: id };
    expect(await table.of(PLATFORM).get(dueItem, ref)).toBeDefined();
    await look(owner, id, 21);
    expect(await inPool(owner, id, later.text)).toBe(true);
  });

  it("are warned of by mail to owners and administrators, as long as no newer ones are there", async () => {
    const { text } = await newCertificate(-1, 20);
    const { owner, id, made } = await connected({ metadata: samlMetadata([text]) });
    const administrator = await addMember(owner, "org_admin");
    await addMember(owner, "developer");
    const sent: Mail[] = [];
    const mail = async (expires_at: string) => {
      sent.length = 0;
      const data = { connection_id: id, name: "Directory", expires_at, days_left: 30 };
      const event = { type: "sso.certificate_expiring", organization_id: owner.organization_id, data };
      await warnOfCertificates(event as unknown as Envelope, {
        table,
        send: async (one) => {
          sent.push(one);
        },
      });
      return sent.map(({ to }) => to).sort();
    };
    expect(await mail(made.provider.certificates_expire_at)).toEqual([owner.email, administrator.email].sort());
    expect(sent[0]?.subject).toContain("30 days");
    expect(await mail("2020-01-01T00:00:00.000Z")).toEqual([]);
  });
});
