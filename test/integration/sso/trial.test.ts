import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { signInRecordItem } from "../../../functions/sso/store.ts";
import { idempotencyItem } from "../../../shared/change/items.ts";
import { emailItem, PLATFORM } from "../../../shared/identity/items.ts";
import { call, registerCompany, unique } from "../../support/api.ts";
import { type Employee, poolPage, startProvider, type TestProvider } from "../../support/oidc-provider.ts";
import { APP, ORIGIN, ssoService } from "../../support/sso.ts";

let provider: TestProvider;
const sso = ssoService();
beforeAll(async () => {
  provider = await startProvider(poolPage());
});
afterAll(() => provider.stop());

async function company(settings: object = {}) {
  const owner = await registerCompany();
  const domain = `${unique("acme")}.example`;
  await sso.prove(owner, domain);
  const team = (await owner.call("POST", "/teams", { name: "Engineers" })).body.id as string;
  const group_rules = [{ group: "Engineering", role: "developer", team_id: team }];
  const { id } = await sso.connect(owner, provider, { provisioning: true, group_rules, ...settings });
  const path = `/sso/connections/${id}`;
  return { owner, domain, team, path, connection_id: id as string };
}

/** Tries a connection in a browser. @returns the page, and what the API says of it */
async function attempt({ owner, path }: Awaited<ReturnType<typeof company>>, who: Employee) {
  const asked = await sso.call("POST", `${path}/trials`, undefined, owner.token);
  expect(asked.status, asked.text).toBe(201);
  const waiting = await sso.call("GET", `${path}/trials/${asked.body.id}`, undefined, owner.token);
  expect([waiting.body.status, waiting.body.result]).toEqual(["waiting", null]);
  provider.signsIn(who);
  const browser = sso.browser();
  const end = await browser.follow(asked.body.url, APP);
  expect(end).toMatch(new RegExp(`/sso/trials/${asked.body.id}$`));
  const page = await (await browser.open(end)).answer.text();
  const other = await (await sso.browser().open(end)).answer.text();
  expect(other).not.toContain(who.sub);
  const { body } = await sso.call("GET", `${path}/trials/${asked.body.id}`, undefined, owner.token);
  expect(body.status).toBe("done");
  return { page, result: body.result, url: asked.body.url as string, id: asked.body.id as string };
}

describe("a trial of a connection", () => {
  it("shows what the provider says and what would come of it, and makes nothing", async () => {
    const place = await company();
    const email = `${unique("ada")}@${place.domain}`;
    const name = "<b>Ada</b>";
    const who = { sub: unique("subject"), email, email_verified: true, name, groups: '["Engineering"]' };
    const { page, result } = await attempt(place, who);
    expect(result).toEqual({
      outcome: "signed_in",
      reason: null,
      explanation: null,
      claims: { subject: who.sub, email, email_verified: true, name, groups: ["Engineering"] },
      account: "new",
      user_id: null,
      joins_via: "sso",
      role: "developer",
      enters_teams: [place.team],
      leaves_teams: [],
    });
    expect(page).toContain("&lt;b&gt;Ada&lt;/b&gt;");
    expect(page).toContain("This person would be signed in");
    expect(await sso.deps.table.of(PLATFORM).get(emailItem, { email })).toBeUndefined();
    expect((await place.owner.call("GET", "/users")).body.items).toHaveLength(1);
    const { connection_id } = place;
    const tenant = sso.deps.table.of(place.owner.organization_id);
    expect((await tenant.page(signInRecordItem, { of: { connection_id }, limit: 5 })).items).toEqual([]);
  });

  it("says why nobody would be let in, and leaves no trace of it", async () => {
    const place = await company({ provisioning: false });
    const email = `${unique("eve")}@elsewhere.example`;
    const foreign = await attempt(place, { sub: unique("subject"), email, email_verified: true, name: "Eve" });
    expect(foreign.result).toMatchObject({ outcome: "refused", reason: "domain_not_proved", claims: { email } });
    expect(foreign.page).toContain("domain_not_proved");
    const own = { sub: unique("subject"), email: `${unique("eve")}@${place.domain}`, email_verified: true };
    expect((await attempt(place, own)).result.reason).toBe("not_invited");
    const refusals = await place.owner.call("GET", "/audit/logs?action=sso.sign_in_refused");
    expect(refusals.body.items).toEqual([]);
  });

  it("works before the connection is open to people, who do not come in meanwhile", async () => {
    const place = await company();
    await sso.call("PATCH", place.path, { status: "inactive" }, place.owner.token);
    const who = { sub: unique("subject"), email: `${unique("ada")}@${place.domain}`, email_verified: true };
    expect((await attempt(place, who)).result).toMatchObject({ outcome: "signed_in", account: "new" });
    expect((await sso.signIn({ connection_id: place.connection_id })).reason).toBe("connection_inactive");
  });

  it("can be looked at in that browser as long as its result is kept", async () => {
    const { path, owner, domain } = await company();
    const asked = await sso.call("POST", `${path}/trials`, undefined, owner.token);
    provider.signsIn({ sub: unique("subject"), email: `${unique("ada")}@${domain}`, email_verified: true });
    const browser = sso.browser();
    const back = await browser.follow(asked.body.url, `${ORIGIN}/api/v1/sso/callback`);
    const { answer } = await browser.open(back);
    expect(answer.headers.get("set-cookie")).toMatch(new RegExp(`^__Host-sso-${asked.body.id}=[^;]+; .*Max-Age=3600;`));
    const { expires_at } = (await sso.call("GET", `${path}/trials/${asked.body.id}`, undefined, owner.token)).body;
    expect(Math.abs(Date.parse(expires_at) - Date.now() - 3_600_000)).toBeLessThan(60_000);
  });

  it("keeps its ticket encrypted where the answer is kept to be given again", async () => {
    const { path, owner } = await company();
    const headers = { "idempotency-key": unique("key") };
    const ask = async () => sso.call("POST", `${path}/trials`, undefined, owner.token, headers);
    const [first, again] = [await ask(), await ask()];
    expect([first.status, again.body]).toEqual([201, first.body]);
    const of = { scope: `user:${owner.user_id}:sso.ask_trial` };
    const { items } = await sso.deps.table.of(owner.organization_id).page(idempotencyItem, { of, limit: 2 });
    expect(items).toHaveLength(1);
    expect(items[0]?.answer).not.toContain("ticket");
  });

  it("is one browser's, once, and the session's that has asked for it", async () => {
    const place = await company();
    const who = { sub: unique("subject"), email: `${unique("ada")}@${place.domain}`, email_verified: true };
    const { url, id } = await attempt(place, who);
    expect((await sso.browser().follow(url, APP)).endsWith("/sso/refused/expired")).toBe(true);
    const { email, password } = place.owner;
    const login = await call("POST", "/auth/login", { body: { email, password } });
    const token = login.body.tokens.access_token;
    expect((await sso.call("GET", `${place.path}/trials/${id}`, undefined, token)).status).toBe(404);
    const stranger = await company();
    expect((await sso.call("GET", `${stranger.path}/trials/${id}`, undefined, stranger.owner.token)).status).toBe(404);
  });
});
