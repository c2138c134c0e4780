import { afterAll, beforeAll, expect, it } from "vitest";
import { connectionItem } from "../../../functions/sso/store.ts";
import { emailItem, membershipItem, PLATFORM } from "../../../shared/identity/items.ts";
import { registerCompany, unique } from "../../support/api.ts";
import { interrupted } from "../../support/interrupted.ts";
import { poolPage, startProvider, type TestProvider } from "../../support/oidc-provider.ts";
import { roomyCompany } from "../../support/plans.ts";
import { ownRole } from "../../support/roles.ts";
import { APP, ssoService } from "../../support/sso.ts";

let provider: TestProvider;
const sso = ssoService();
beforeAll(async () => {
  provider = await startProvider(poolPage());
});
afterAll(() => provider.stop());

interface Place {
  readonly tenant: string;
  readonly domain: string;
  readonly id: string;
}

const own = ({ tenant }: Place) => sso.deps.table.of(tenant);
const scenes: readonly [string, { role: string | null; reason: string }, (place: Place) => Promise<unknown>][] = [
  ["the domain is given up", { role: null, reason: "domain_not_proved" }, ({ domain }) => sso.unprove(domain)],
  [
    "the domain is another company's",
    { role: null, reason: "domain_not_proved" },
    async ({ domain }) => sso.prove(await registerCompany(), domain),
  ],
  [
    "the domain lets nobody in any more",
    { role: "developer", reason: "not_invited" },
    ({ tenant, domain }) => sso.prove({ organization_id: tenant }, domain),
  ],
  [
    "the connection is turned off",
    { role: null, reason: "connection_inactive" },
    (place) =>
      own(place).transact([
        own(place).writes.update(connectionItem, { id: place.id }, { set: { status: "inactive" } }),
      ]),
  ],
];

it.each(scenes)("nobody comes in when at the last moment %s", async (_, { role, reason }, happens) => {
  const owner = await registerCompany();
  const domain = `${unique("acme")}.example`;
  await sso.prove(owner, domain, role);
  const { id } = await sso.connect(owner, provider, { provisioning: role === null });
  const email = `${unique("ada")}@${domain}`;
  provider.signsIn({ sub: unique("subject"), email, email_verified: true, name: "Ada" });
  const { url, verifier } = sso.begin({ connection_id: id });
  const code = new URL(await sso.browser().follow(url, APP)).searchParams.get("code");
  const place = { tenant: owner.organization_id, domain, id };
  const last = ssoService({ table: interrupted(() => happens(place)) });
  const answer = await last.call("POST", "/sso/token", { code, code_verifier: verifier });
  expect([answer.status, answer.body.reason]).toEqual([409, reason]);
  expect(await sso.deps.table.of(PLATFORM).get(emailItem, { email })).toBeUndefined();
  expect((await owner.call("GET", "/users")).body.items).toHaveLength(1);
});

it("a member who is known is decided on anew when the connection is turned off at the last moment", async () => {
  const owner = await registerCompany();
  const domain = `${unique("acme")}.example`;
  await sso.prove(owner, domain);
  const { id } = await sso.connect(owner, provider, { provisioning: true });
  provider.signsIn({ sub: unique("subject"), email: `${unique("ada")}@${domain}`, email_verified: true, name: "Ada" });
  expect((await sso.signIn({ connection_id: id })).answer?.status).toBe(200);
  const { url, verifier } = sso.begin({ connection_id: id });
  const code = new URL(await sso.browser().follow(url, APP)).searchParams.get("code");
  const tenant = sso.deps.table.of(owner.organization_id);
  const off = () => tenant.transact([tenant.writes.update(connectionItem, { id }, { set: { status: "inactive" } })]);
  const last = ssoService({ table: interrupted(off) });
  const answer = await last.call("POST", "/sso/token", { code, code_verifier: verifier });
  expect([answer.status, answer.body.reason]).toEqual([409, "connection_inactive"]);
});

it("whoever joins gets no role by their groups that manages others since the last moment, but the one that they would have", async () => {
  const owner = await roomyCompany();
  const domain = `${unique("acme")}.example`;
  for (const [comes, role] of [
    ["invited", "developer"],
    ["by the domain", "operator"],
  ] as const) {
    const ruled = await ownRole(owner, ["teams:read"]);
    await sso.prove(owner, domain, comes === "invited" ? null : role);
    const group_rules = [{ group: "Builders", role: ruled }];
    const { id } = await sso.connect(owner, provider, { group_rules });
    const email = `${unique("ada")}@${domain}`;
    if (comes === "invited") expect((await owner.call("POST", "/invitations", { email, role })).status).toBe(201);
    provider.signsIn({ sub: unique("subject"), email, email_verified: true, name: "Ada", groups: '["Builders"]' });
    const { url, verifier } = sso.begin({ connection_id: id });
    const code = new URL(await sso.browser().follow(url, APP)).searchParams.get("code");
    const grows = () => owner.call("PATCH", `/roles/${ruled}`, { grants: ["users:*"] });
    const last = ssoService({ table: interrupted(grows) });
    const answer = await last.call("POST", "/sso/token", { code, code_verifier: verifier });
    expect(answer.status, answer.text).toBe(200);
    const tenant = sso.deps.table.of(owner.organization_id);
    expect((await tenant.get(membershipItem, { user_id: answer.body.user.id }))?.role, comes).toBe(role);
    await sso.call("DELETE", `/sso/connections/${id}`, undefined, owner.token);
  }
});
