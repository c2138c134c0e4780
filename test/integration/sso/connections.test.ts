import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { repair } from "../../../functions/sso/consumers.ts";
import { connectionItem } from "../../../functions/sso/store.ts";
import type { Grant } from "../../../shared/access/permissions.ts";
import { dueItem } from "../../../shared/due/item.ts";
import { Problem } from "../../../shared/errors.ts";
import { connectionPlaceItem, PLATFORM, userItem } from "../../../shared/identity/items.ts";
import { type Company, call, registerCompany, unique } from "../../support/api.ts";
import { interrupted } from "../../support/interrupted.ts";
import { addMember } from "../../support/members.ts";
import { poolPage, startProvider, type TestProvider } from "../../support/oidc-provider.ts";
import { roomyCompany } from "../../support/plans.ts";
import { pool } from "../../support/pool.ts";
import { ownRole } from "../../support/roles.ts";
import { ssoService } from "../../support/sso.ts";

let provider: TestProvider;
const sso = ssoService();
const { table } = sso.deps;
beforeAll(async () => {
  provider = await startProvider(poolPage());
});
afterAll(() => provider.stop());

const stored = (owner: Company, id: string) => table.of(owner.organization_id).get(connectionItem, { id });
const due = (owner: Company, ref: string) =>
  table.of(PLATFORM).get(dueItem, { tenant: owner.organization_id, kind: "sso_connection", ref });
const mend = (owner: Company, ref: string, providers = sso.deps.providers) =>
  repair(
    { tenant: owner.organization_id, kind: "sso_connection", ref, at: "" },
    { ...sso.deps, providers, clock: { now: () => new Date() } },
  );

describe("a connection", () => {
  it("is a provider and a client of its own at the pool, which allow nothing else", async () => {
    const owner = await registerCompany();
    const { id, redirect_url } = await sso.connect(owner, provider);
    expect(redirect_url).toBe(poolPage());
    const connection = await stored(owner, id);
    expect(connection).toMatchObject({ status: "active" });
    const { UserPoolClient } = await pool().client(connection?.pool_client_id ?? "");
    expect(UserPoolClient).toMatchObject({
      SupportedIdentityProviders: [connection?.provider_name],
      AllowedOAuthFlows: ["code"],
      AllowedOAuthScopes: ["openid"],
      ExplicitAuthFlows: ["ALLOW_REFRESH_TOKEN_AUTH"],
      CallbackURLs: [connection?.callback_url],
    });
    expect(UserPoolClient?.ClientSecret).toBeUndefined();
    const { IdentityProvider } = await pool().provider(connection?.provider_name ?? "");
    expect(IdentityProvider?.ProviderDetails).toMatchObject({ oidc_issuer: provider.issuer });
    expect(await due(owner, id)).toBeUndefined();
  });

  it("never shows its secret, and keeps it encrypted", async () => {
    const owner = await registerCompany();
    const { id } = await sso.connect(owner, provider);
    const shown = await sso.call("GET", `/sso/connections/${id}`, undefined, owner.token);
    const listed = await sso.call("GET", "/sso/connections", undefined, owner.token);
    for (const text of [shown.text, listed.text, JSON.stringify(await stored(owner, id))])
      expect(text).not.toContain(provider.client_secret);
    const audit = await owner.call("GET", "/audit/logs?limit=10");
    expect(audit.text).not.toContain(provider.client_secret);
  });

  it("is refused where its issuer is none, before anything is written", async () => {
    const owner = await registerCompany();
    const oidc = { kind: "oidc", client_id: "a", client_secret: "b" };
    const attempt = (issuer: string, more: object = {}) =>
      sso.call("POST", "/sso/connections", { name: "x", provider: { ...oidc, issuer }, ...more }, owner.token);
    for (const [issuer, code] of [
      [`${provider.issuer}/nothing`, "validation_failed"],
      ["http://169.254.169.254", "unsafe_url"],
      ["ftp://example.com", "unsafe_url"],
    ] as const) {
      const answer = await attempt(issuer);
      expect([answer.status, answer.body.code]).toEqual([422, code]);
    }
    const owners = await attempt(provider.issuer, { default_role: "org_owner" });
    expect(owners.status).toBe(422);
    const team = "tem_00000000000000000000000001";
    const foreign = await attempt(provider.issuer, { group_rules: [{ group: "a", team_id: team }] });
    expect(foreign.body.code).toBe("reference_not_found");
    expect((await sso.call("GET", "/sso/connections", undefined, owner.token)).body.items).toEqual([]);
  });

  it("gives no role that whoever sets it up could not give", async () => {
    const owner = await registerCompany();
    const { token } = await addMember(owner, "org_admin");
    const { issuer } = provider;
    const oidc = { kind: "oidc", issuer, client_id: "a", client_secret: "b" };
    const connect = (more: object) =>
      sso.call("POST", "/sso/connections", { name: "x", provider: oidc, ...more }, token);
    const rules = [{ group: "Finance", role: "billing_admin" }];
    for (const more of [{ default_role: "billing_admin" }, { group_rules: rules }])
      expect((await connect(more)).body.code).toBe("forbidden");
    const { id } = await sso.connect(owner, provider, { group_rules: rules });
    const change = (body: object) => sso.call("PATCH", `/sso/connections/${id}`, body, token);
    expect((await change({ group_rules: rules })).body.code).toBe("forbidden");
    expect((await change({ default_role: "billing_admin" })).body.code).toBe("forbidden");
    // What stays counts anew with what changes.
    expect((await change({ default_role: "developer" })).body.code).toBe("forbidden");
    expect((await change({ name: "Renamed" })).status).toBe(200);
    const without = await sso.call("PATCH", `/sso/connections/${id}`, { group_rules: [] }, owner.token);
    expect(without.status).toBe(200);
    expect((await change({ default_role: "developer" })).status).toBe(200);
  });

  it("is made, changed and deleted by nobody who may not any more at that moment", async () => {
    const owner = await roomyCompany();
    const { id } = await sso.connect(owner, provider);
    const { issuer, client_id, client_secret } = provider;
    const body = { name: "Mine", provider: { kind: "oidc", issuer, client_id, client_secret } };
    for (const [method, path, sent] of [
      ["POST", "/sso/connections", body],
      ["PATCH", `/sso/connections/${id}`, { name: "Mine" }],
      ["DELETE", `/sso/connections/${id}`, undefined],
    ] as const) {
      const { user_id, token } = await addMember(owner, "org_admin");
      const demoted = interrupted(() => owner.call("PATCH", `/users/${user_id}`, { role: "viewer" }));
      const refused = await ssoService({ table: demoted }).call(method, path, sent, token);
      expect([refused.status, refused.body.code], method).toEqual([403, "forbidden"]);
    }
    const { items } = (await sso.call("GET", "/sso/connections", undefined, owner.token)).body;
    expect(items).toMatchObject([{ id, status: "active" }]);
    expect(items[0].name).not.toBe("Mine");
  });

  it("is made with a role that changes at that moment as it is then", async () => {
    const owner = await roomyCompany();
    const roles: string[] = [];
    for (let i = 0; i < 30; i++) roles.push(await ownRole(owner, ["agents:read"]));
    const [default_role = "", ...others] = roles;
    const group_rules = others.map((role, i) => ({ group: `G${i}`, role }));
    const becomes = (...grants: Grant[]) =>
      ssoService({ table: interrupted(() => owner.call("PATCH", `/roles/${default_role}`, { grants })) });
    const made = await becomes("teams:read").connect(owner, provider, { default_role, group_rules });
    expect(made).toMatchObject({ status: "active", default_role, group_rules });
    const managing = becomes("users:*").connect(owner, provider, { default_role });
    await expect(managing).rejects.toThrow("422");
    const { items } = (await sso.call("GET", "/sso/connections", undefined, owner.token)).body;
    expect(items).toMatchObject([{ id: made.id }]);
  }, 60_000);

  it("is one on the free plan, however many are asked for at once", async () => {
    const owner = await registerCompany();
    const { issuer, client_id, client_secret } = provider;
    const body = { name: "Directory", provider: { kind: "oidc", issuer, client_id, client_secret } };
    const attempts = await Promise.all([1, 2, 3].map(() => sso.call("POST", "/sso/connections", body, owner.token)));
    expect(attempts.map(({ status }) => status).sort()).toEqual([201, 402, 402]);
  });

  it("that the pool does not take leaves nothing", async () => {
    const owner = await registerCompany();
    const put = async () => {
      throw new Problem("validation_failed", "The user pool does not take these settings.");
    };
    const picky = ssoService({ providers: { ...sso.deps.providers, put } });
    await expect(picky.connect(owner, provider)).rejects.toThrow("422");
    await expect(sso.connect(owner, provider)).resolves.toMatchObject({ status: "active" });
  });

  it("is completed where its maker died between the pool and the table, with one client", async () => {
    const owner = await registerCompany();
    const made: string[] = [];
    const createClient = async (client: Parameters<typeof sso.deps.providers.createClient>[0]) => {
      made.push(await sso.deps.providers.createClient(client));
      throw new Error("died");
    };
    const dying = ssoService({ providers: { ...sso.deps.providers, createClient } });
    await expect(dying.connect(owner, provider)).rejects.toThrow("500");
    const { items } = (await sso.call("GET", "/sso/connections", undefined, owner.token)).body;
    expect(items).toMatchObject([{ status: "pending" }]);
    const [{ id }] = items;
    expect(await due(owner, id)).toBeDefined();
    await mend(owner, id);
    const connection = await stored(owner, id);
    expect(connection?.status).toBe("active");
    expect(await pool().hasClient(connection?.pool_client_id ?? "")).toBe(true);
    expect(await pool().hasClient(made[0] ?? "")).toBe(false);
    const told = await owner.call("GET", "/audit/logs?action=sso.connection_created");
    expect(told.body.items).toHaveLength(1);
  });

  it("is what the table says, where a change died after the pool had learnt it", async () => {
    const owner = await registerCompany();
    const { id } = await sso.connect(owner, provider);
    const name = (await stored(owner, id))?.provider_name ?? "";
    const client = async () => (await pool().provider(name)).IdentityProvider?.ProviderDetails?.client_id;
    const put = async (one: Parameters<typeof sso.deps.providers.put>[0]) => {
      await sso.deps.providers.put(one);
      throw new Error("died");
    };
    const dying = ssoService({ providers: { ...sso.deps.providers, put } });
    const other = { kind: "oidc", issuer: provider.issuer, client_id: "another" };
    expect((await dying.call("PATCH", `/sso/connections/${id}`, { provider: other }, owner.token)).status).toBe(500);
    expect([await client(), (await stored(owner, id))?.provider]).toMatchObject([
      "another",
      { client_id: provider.client_id },
    ]);
    await mend(owner, id);
    expect(await client()).toBe(provider.client_id);
  });

  it.each([
    ["before it is written", { during: "put" }],
    ["while the repair of an earlier one runs", { during: "repair" }],
  ] as const)("is what the table says, where another change comes %s", async (_, { during }) => {
    const owner = await registerCompany();
    const { id } = await sso.connect(owner, provider);
    const name = (await stored(owner, id))?.provider_name ?? "";
    const client = async () => (await pool().provider(name)).IdentityProvider?.ProviderDetails?.client_id;
    const { put } = sso.deps.providers;
    const named = (client_id: string) => ({ provider: { kind: "oidc", issuer: provider.issuer, client_id } });
    const change = (service: typeof sso, client_id: string) =>
      service.call("PATCH", `/sso/connections/${id}`, named(client_id), owner.token);
    const dying = ssoService({
      providers: {
        ...sso.deps.providers,
        put: async (one) => {
          await put(one);
          throw new Error("died");
        },
      },
    });
    let meanwhile = true;
    const between = async (one: Parameters<typeof put>[0], happens: () => Promise<unknown>, after: boolean) => {
      if (!meanwhile) return put(one);
      meanwhile = false;
      if (after) await put(one);
      await happens();
      if (!after) await put(one);
    };
    if (during === "put") {
      // The pool learns of the other one last, which is never written.
      const told = (one: Parameters<typeof put>[0]) => between(one, () => change(dying, "never written"), true);
      const busy = ssoService({ providers: { ...sso.deps.providers, put: told } });
      expect((await change(busy, "written")).status).toBe(200);
      expect(await client()).toBe("never written");
      expect(await due(owner, id)).toBeDefined();
      await mend(owner, id);
    } else {
      // The repair has read what was there before the other one, and tells the pool after it.
      const told = (one: Parameters<typeof put>[0]) => between(one, () => change(sso, "written"), false);
      await mend(owner, id, { ...sso.deps.providers, put: told });
    }
    expect([await client(), (await stored(owner, id))?.provider]).toMatchObject(["written", { client_id: "written" }]);
  });

  it("is led to another issuer only while it is off and nobody is known by it", async () => {
    const owner = await registerCompany();
    const domain = `${unique("acme")}.example`;
    await sso.prove(owner, domain);
    const { id } = await sso.connect(owner, provider, { provisioning: true });
    const other = await startProvider(poolPage());
    const to = ({ issuer }: TestProvider) => ({ provider: { kind: "oidc", issuer, client_id: "kaizen" } });
    const change = (body: object) => sso.call("PATCH", `/sso/connections/${id}`, body, owner.token);
    try {
      const active = await change({ status: "inactive", ...to(other) });
      expect([active.status, active.body.code, active.body.state]).toEqual([409, "conflict", "active"]);
      expect((await change({ status: "inactive" })).status).toBe(200);
      expect((await change(to(other))).body.provider.issuer).toBe(other.issuer);
      expect((await change(to(provider))).body.provider.issuer).toBe(provider.issuer);
      expect((await change({ status: "active" })).status).toBe(200);
      provider.signsIn({ sub: unique("subject"), email: `${unique("ada")}@${domain}`, email_verified: true });
      expect((await sso.signIn({ connection_id: id })).answer?.status).toBe(200);
      expect((await change({ status: "inactive" })).status).toBe(200);
      const known = await change(to(other));
      expect([known.status, known.body.code, known.body.state]).toEqual([409, "conflict", "inactive"]);
      expect((await stored(owner, id))?.provider).toMatchObject({ issuer: provider.issuer });
    } finally {
      await other.stop();
    }
  });

  it("that is deleted goes from the pool, ends the sessions that it opened, and frees its place", async () => {
    const owner = await registerCompany();
    const domain = `${unique("acme")}.example`;
    await sso.prove(owner, domain);
    const { id } = await sso.connect(owner, provider, { provisioning: true });
    provider.signsIn({ sub: unique("subject"), email: `${unique("ada")}@${domain}`, email_verified: true });
    const { answer } = await sso.signIn({ connection_id: id });
    const { user, tokens } = answer?.body ?? {};
    const connection = await stored(owner, id);
    expect((await call("GET", "/auth/me", { token: tokens.access_token })).status).toBe(200);
    expect((await sso.call("DELETE", `/sso/connections/${id}`, undefined, owner.token)).status).toBe(204);
    // On the very next request, before what is left of it has gone.
    expect((await call("GET", "/auth/me", { token: tokens.access_token })).status).toBe(401);
    expect((await sso.signIn({ connection_id: id })).reason).toBe("no_connection");
    await mend(owner, id);
    const refreshed = await call("POST", "/auth/refresh", { body: { refresh_token: tokens.refresh_token } });
    expect(refreshed.status).toBe(401);
    expect((await table.of(PLATFORM).get(userItem, { id: user.id }))?.subs).toEqual([]);
    const at = pool();
    expect(await at.hasProvider(connection?.provider_name ?? "")).toBe(false);
    expect(await at.hasClient(connection?.pool_client_id ?? "")).toBe(false);
    expect(await stored(owner, id)).toBeUndefined();
    expect(await table.of(PLATFORM).get(connectionPlaceItem, { connection_id: id })).toBeUndefined();
    await mend(owner, id);
    await expect(sso.connect(owner, provider)).resolves.toMatchObject({ status: "active" });
  });
});
