import { describe, expect, it } from "vitest";
import { call, registerCompany } from "../../support/api.ts";
import { apiKey, type TestKey } from "../../support/keys.ts";
import { addMember } from "../../support/members.ts";

describe("an API key", () => {
  it("opens what its scopes say, in either header, until it is revoked", async () => {
    const company = await registerCompany();
    const key = await apiKey(company, { scopes: ["agents:read"] });
    expect((await key.call("GET", "/agents")).status).toBe(200);
    expect((await call("GET", "/agents", { headers: { "x-api-key": key.key } })).status).toBe(200);
    const refused = await key.call("POST", "/agents", { name: "No", agent_type: "chat", model_id: "x/y" });
    expect([refused.status, refused.body.permission]).toEqual([403, "agents:create"]);
    const both = await key.call("GET", "/agents", undefined, { "x-api-key": `${key.key}x` });
    expect([both.status, both.body.detail]).toEqual([401, expect.stringContaining("two different credentials")]);

    expect((await company.call("DELETE", `/api-keys/${key.id}`)).status).toBe(204);
    expect((await key.call("GET", "/agents")).status).toBe(401);
    const kept = await company.call("GET", `/api-keys/${key.id}`);
    expect([kept.status, kept.body.status]).toEqual([200, "revoked"]);
    expect((await company.call("DELETE", `/api-keys/${key.id}`)).status).toBe(409);
  });

  it("can be allowed what is listed, each with what it opens", async () => {
    const listed = await call("GET", "/api-keys/scopes");
    expect(listed.status).toBe(200);
    const reads = listed.body.items.find(({ id }: { id: string }) => id === "agents:read");
    expect(reads.operations).toContainEqual(expect.objectContaining({ method: "GET", path: "/api/v1/agents" }));
  });

  it("stands in the trail as who has acted, with whose it is", async () => {
    const company = await registerCompany();
    const key = await apiKey(company, { scopes: ["teams:create"] });
    const made = await key.call("POST", "/teams", { name: "Made by a program" });
    expect(made.status).toBe(201);
    const [entry] = (await company.call("GET", "/audit/logs?action=team.created&limit=1")).body.items;
    const on_behalf_of = { type: "user", id: company.user_id };
    expect(entry.actor).toEqual({ type: "api_key", id: key.id, on_behalf_of });
  });

  it("lets exactly as many through in a minute as it may, however many come at once", async () => {
    const company = await registerCompany();
    const key = await apiKey(company, { scopes: ["agents:read"], rate_limit: 20 });
    const other = await apiKey(company, { scopes: ["agents:read"] });
    const wave = (caller: TestKey) =>
      Promise.all(Array.from({ length: 10 }, () => caller.call("GET", "/agents?limit=1")));
    await wave(other);
    // The limit slides over minutes: a flood that begins in the last seconds of one would meet two.
    const seconds = new Date().getUTCSeconds();
    if (seconds > 40) await new Promise((resolve) => setTimeout(resolve, (61 - seconds) * 1_000));
    const answers = [...(await wave(key)), ...(await wave(key)), ...(await wave(key))];
    const counted = Object.groupBy(answers, ({ status }) => String(status));
    const numbers = Object.entries(counted).map(([status, all]) => [status, all?.length]);
    expect(Object.fromEntries(numbers)).toEqual({ 200: 20, 429: 10 });
    expect(answers.find(({ status }) => status === 200)?.headers.get("ratelimit-limit")).toBe("20");
  });

  it("is made, changed and rotated within what its maker may, and by nobody else", async () => {
    const company = await registerCompany();
    const developer = await addMember(company, "developer");
    const beyond = await developer.call("POST", "/api-keys", { name: "Much", scopes: ["agents:read", "billing:*"] });
    expect([beyond.status, beyond.body.permission]).toEqual([403, "billing:read"]);
    const own = await apiKey(developer, { scopes: ["agents:read"] });
    const of = (id: string) => `/api-keys/${id}`;
    expect((await developer.call("PATCH", of(own.id), { scopes: ["users:update"] })).status).toBe(403);
    expect((await developer.call("PATCH", of(own.id), { scopes: ["agents:*"], name: "CI" })).body.name).toBe("CI");

    const owners = await apiKey(company);
    for (const [method, path, body] of [
      ["PATCH", of(owners.id), { name: "Mine" }],
      ["DELETE", of(owners.id), undefined],
      ["POST", `${of(owners.id)}/rotate`, {}],
    ] as const)
      expect((await developer.call(method, path, body)).status, path).toBe(403);
    // An administrator manages keys of others, and sees no secret of theirs.
    expect((await company.call("POST", `${of(own.id)}/rotate`, {})).status).toBe(403);
    expect((await company.call("DELETE", of(own.id))).status).toBe(204);
    expect((await developer.call("PATCH", of(own.id), { name: "Again" })).status).toBe(409);
    const mine = await developer.call("GET", `/api-keys?owner_id=${developer.user_id}`);
    expect(mine.body.items.map(({ id, status }: { id: string; status: string }) => [id, status])).toEqual([
      [own.id, "revoked"],
    ]);
  });

  it("makes no other key, and is not made for too long or without end of number", async () => {
    const company = await registerCompany();
    const key = await apiKey(company);
    const made = await key.call("POST", "/api-keys", { name: "Another", scopes: ["agents:read"] });
    expect([made.status, made.body.code]).toEqual([403, "key_not_accepted"]);
    const body = { name: "Late", scopes: ["agents:read"], expires_at: "2099-01-01T00:00:00Z" };
    expect((await company.call("POST", "/api-keys", body)).body.issues?.[0].path).toBe("expires_at");
    const answers = [];
    for (let i = 0; i < 21; i++)
      answers.push((await company.call("POST", "/api-keys", { name: `Key ${i}`, scopes: ["agents:read"] })).status);
    // The free plan has room for 20, and there was one.
    expect(answers).toEqual([...Array.from({ length: 19 }, () => 201), 402, 402]);
    expect((await company.call("DELETE", `/api-keys/${key.id}`)).status).toBe(204);
    expect((await company.call("POST", "/api-keys", { name: "Room", scopes: ["agents:read"] })).status).toBe(201);
  });
});
