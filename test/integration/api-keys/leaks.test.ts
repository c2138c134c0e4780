import { generateKeyPairSync, sign } from "node:crypto";
import { describe, expect, it } from "vitest";
import { tellOfLeak } from "../../../functions/api-keys/consumers.ts";
import { reportLeaked } from "../../../functions/api-keys/leaks/handlers.ts";
import { scannerKeys } from "../../../functions/api-keys/leaks/scanner-keys.ts";
import { leakedKey } from "../../../functions/api-keys/store.ts";
import { apiKeyItem } from "../../../shared/access/keys/items.ts";
import { Pepper } from "../../../shared/access/keys/pepper.ts";
import { keyText } from "../../../shared/access/keys/text.ts";
import { systemClock } from "../../../shared/clock.ts";
import { Problem } from "../../../shared/errors.ts";
import type { Mail } from "../../../shared/mail/send.ts";
import { silentLog } from "../../../shared/observability/log.ts";
import { type Company, call, registerCompany } from "../../support/api.ts";
import { dueOf } from "../../support/due.ts";
import { apiKey } from "../../support/keys.ts";
import { stackPlatform, stackTable } from "../../support/stack.ts";

const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const pem = publicKey.export({ type: "spki", format: "pem" }).toString();
const KEY_ID = "bcb53661c06b4728e59d897fb6165d5c9cda0fd9cdf9d09ead458168deb7518c";

/** A scanner that publishes its key; counts how often it is asked. */
function scanner(
  answer: () => unknown = () => ({ public_keys: [{ key_identifier: KEY_ID, key: pem, is_current: true }] }),
) {
  let asked = 0;
  const request = async () => {
    asked++;
    const body = Buffer.from(JSON.stringify(answer()));
    return { ok: true, status: 200, headers: {}, body, truncated: false } as const;
  };
  return { isSigned: scannerKeys({ request }, "https://scanner.example/keys"), asked: () => asked };
}

const signedBy = (body: string, key = privateKey) => ({
  key_id: KEY_ID,
  signature: sign("sha256", Buffer.from(body), key).toString("base64"),
  body,
});

/** Reports findings as the scanner does; gives the labels. */
async function report(tokens: readonly string[], forged?: string) {
  const { table, secrets } = stackPlatform();
  const findings = tokens.map((token) => ({
    token,
    type: "kaizen_key",
    url: "https://github.com/x/y",
    source: "commit",
  }));
  const text = JSON.stringify(findings);
  const signed = forged === undefined ? signedBy(text) : { ...signedBy(text), signature: forged };
  const { isSigned } = scanner();
  const deps = { table, log: silentLog, pepper: new Pepper(table, secrets), isSigned };
  const answer = await reportLeaked({ body: findings, signed, at: new Date() } as never, deps);
  return answer.map(({ label }) => label);
}

const stored = ({ organization_id }: Company, id: string) => stackTable().of(organization_id).get(apiKeyItem, { id });

describe("a key that was found in public", () => {
  it("is revoked, whichever of its secrets was found, and told apart from what is no key", async () => {
    const company = await registerCompany();
    const [found, kept, rotated] = [await apiKey(company), await apiKey(company), await apiKey(company)];
    await company.call("POST", `/api-keys/${rotated.id}/rotate`, { overlap_hours: 24 });
    const { organization_id } = company;
    // The name of a key with a secret that is another's revokes nothing.
    const guessed = keyText({ id: kept.id, organization_id }, found.key.slice(-49, -6));
    const labels = await report([found.key, guessed, rotated.key, "ks_live_nonsense", `${kept.key}x`]);
    expect(labels).toEqual(["true_positive", "false_positive", "true_positive", "false_positive", "false_positive"]);
    for (const { id } of [found, rotated])
      expect(await stored(company, id)).toMatchObject({ status: "revoked", revoked_reason: "leaked" });
    expect((await found.call("GET", "/agents")).status).toBe(401);
    expect((await kept.call("GET", "/agents")).status).toBe(200);
    // Once more is true still, and changes nothing.
    const before = (await stored(company, found.id))?.etag;
    expect(await report([found.key])).toEqual(["true_positive"]);
    expect((await stored(company, found.id))?.etag).toBe(before);
    const [entry] = (await company.call("GET", "/audit/logs?action=api_key.leaked&limit=1")).body.items;
    expect(entry.actor).toEqual({ type: "system", id: "secret_scanning" });
  });

  it("by a secret that counts no more is told so, and revokes nothing", async () => {
    const company = await registerCompany();
    const [at_once, overlapped] = [await apiKey(company), await apiKey(company)];
    const rotated = async (id: string, overlap_hours: number): Promise<string> =>
      (await company.call("POST", `/api-keys/${id}/rotate`, { overlap_hours })).body.key;
    const now = [await rotated(at_once.id, 0), await rotated(overlapped.id, 24)];
    const own = stackTable().of(company.organization_id);
    const set = { previous_until: "2026-01-01T00:00:00.000Z" };
    await own.transact([own.writes.update(apiKeyItem, { id: overlapped.id }, { set })]);
    const before = [at_once.key, overlapped.key];
    expect(await report(before)).toEqual(["true_positive", "true_positive"]);
    for (const token of now) expect((await call("GET", "/agents", { token })).status).toBe(200);
    for (const token of before) expect((await call("GET", "/agents", { token })).status).toBe(401);
    for (const { id } of [at_once, overlapped])
      expect((await company.call("DELETE", `/api-keys/${id}`)).status).toBe(204);
    expect(await report([...before, ...now])).toEqual(Array.from({ length: 4 }, () => "true_positive"));
  });

  it("is mailed to its owner with where it stands", async () => {
    const company = await registerCompany();
    const { id, key } = await apiKey(company, { name: "CI" });
    await report([key]);
    const [due] = (await dueOf(company.organization_id)).filter(({ ref }) => ref === id);
    expect(due?.kind).toBe(leakedKey.kind);
    const mails: Mail[] = [];
    const send = async (mail: Mail) => {
      mails.push(mail);
    };
    if (due !== undefined) await tellOfLeak(due, { table: stackTable(), clock: systemClock, send });
    expect(mails.map(({ to, subject }) => [to, subject])).toEqual([
      [company.email, "API key revoked: CI was found in public"],
    ]);
    expect(mails[0]?.lines.join("\n")).toContain("https://github.com/x/y");
    expect(mails[0]?.lines.join("\n")).not.toContain(key);
  });
});

describe("whoever reports keys", () => {
  it("has signed what they send, as it was sent", async () => {
    const company = await registerCompany();
    const { id, key } = await apiKey(company);
    const other = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
    for (const forged of ["", "AAAA", signedBy("[]").signature, signedBy("x", other).signature])
      await expect(report([key], forged)).rejects.toThrow(Problem);
    expect((await stored(company, id))?.status).toBe("active");
    const findings = [{ token: key, type: "kaizen_key", url: "", source: "" }];
    const unsigned = await call("POST", "/api-keys/leaked", { body: findings });
    expect([unsigned.status, unsigned.body.code]).toEqual([401, "unauthenticated"]);
    expect((await stored(company, id))?.status).toBe("active");
  });

  it("is known by keys that are asked for once an hour, and once a minute for one that is new", async () => {
    const { isSigned, asked } = scanner();
    const at = (minutes: number) => new Date(Date.parse("2026-05-01T10:00:00Z") + minutes * 60_000);
    const signed = signedBy("[]");
    for (const minutes of [0, 1, 30, 59]) expect(await isSigned(signed, at(minutes))).toBe(true);
    expect(asked()).toBe(1);
    const unknown = { ...signed, key_id: "another" };
    for (const minutes of [59, 59.1, 59.2]) expect(await isSigned(unknown, at(minutes))).toBe(false);
    expect(asked()).toBe(2);
    expect(await isSigned(unknown, at(61))).toBe(false);
    expect(asked()).toBe(3);
    expect(await isSigned(signed, at(200))).toBe(true);
    expect(asked()).toBe(4);
    for (const nothing of [
      { ...signed, key_id: "" },
      { ...signed, signature: "" },
    ])
      expect(await isSigned(nothing, at(400))).toBe(false);
    expect(asked()).toBe(4);
  });

  it("is asked to come again where its keys cannot be read", async () => {
    const { isSigned } = scanner(() => ({ keys: "gone" }));
    await expect(isSigned(signedBy("[]"), new Date())).rejects.toMatchObject({ code: "service_unavailable" });
  });
});
