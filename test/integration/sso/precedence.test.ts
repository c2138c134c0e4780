import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { registerCompany, unique } from "../../support/api.ts";
import { addMember } from "../../support/members.ts";
import { poolPage, startProvider, type TestProvider } from "../../support/oidc-provider.ts";
import { directoryOf, group, posted } from "../../support/scim.ts";
import { ssoService } from "../../support/sso.ts";

let provider: TestProvider;
const sso = ssoService();
beforeAll(async () => {
  provider = await startProvider(poolPage());
});
afterAll(() => provider.stop());

describe("a sign-in of somebody whom the company's directory describes", () => {
  it("changes neither the role that the directory gives nor the teams that it keeps", async () => {
    const owner = await registerCompany();
    const domain = `${unique("acme")}.example`;
    await sso.prove(owner, domain);
    const connection_id: string = (await sso.connect(owner, provider, { provisioning: true })).id;
    const directory = await directoryOf(owner);
    const group_rules = [{ group: "Keepers", role: "operator" }];
    expect((await owner.call("PATCH", "/scim/settings", { group_rules })).status).toBe(200);
    const email = `${unique("ada")}@${domain}`;
    provider.signsIn({ sub: unique("subject"), email, email_verified: true, name: "Ada", groups: '["Engineering"]' });
    const user_id = (await sso.signIn({ connection_id })).answer?.body.user.id;
    const brought = await directory.call("POST", "/Users", posted(email));
    expect([brought.status, brought.body.id]).toEqual([201, user_id]);
    const keepers = (await directory.call("POST", "/Groups", group("Keepers", [user_id]))).body.id;
    const others = (await directory.call("POST", "/Groups", group("Others"))).body.id;
    const rules = [
      { group: "engineering", role: "developer", team_id: others },
      { group: "nobody's", team_id: keepers },
    ];
    await sso.call("PATCH", `/sso/connections/${connection_id}`, { group_rules: rules }, owner.token);
    const standing = async () => [
      (await owner.call("GET", `/users/${user_id}`)).body.role,
      (await owner.call("GET", `/users/${user_id}/teams`)).body.items.map((item: { team_id: string }) => item.team_id),
    ];
    expect((await sso.signIn({ connection_id })).answer?.status).toBe(200);
    expect(await standing()).toEqual(["operator", [keepers]]);
    // Without rules of the directory the connection's count.
    await owner.call("PATCH", "/scim/settings", { group_rules: [] });
    expect((await sso.signIn({ connection_id })).answer?.status).toBe(200);
    expect(await standing()).toEqual(["developer", [keepers]]);
  });
});

it("rules of a connection take no role away that whoever has set them could not take", async () => {
  const owner = await registerCompany();
  const domain = `${unique("acme")}.example`;
  await sso.prove(owner, domain);
  const connection_id: string = (await sso.connect(owner, provider, { provisioning: true })).id;
  const admin = await addMember(owner, "org_admin");
  const email = `${unique("ada")}@${domain}`;
  provider.signsIn({ sub: unique("subject"), email, email_verified: true, name: "Ada", groups: '["Engineering"]' });
  const user_id = (await sso.signIn({ connection_id })).answer?.body.user.id;
  expect((await owner.call("PATCH", `/users/${user_id}`, { role: "billing_admin" })).status).toBe(200);
  const roleAfter = async (token: string, group_rules: object[]) => {
    const path = `/sso/connections/${connection_id}`;
    expect((await sso.call("PATCH", path, { group_rules }, token)).status).toBe(200);
    expect((await sso.signIn({ connection_id })).answer?.status).toBe(200);
    return (await owner.call("GET", `/users/${user_id}`)).body.role;
  };
  expect(await roleAfter(admin.token, [{ group: "Engineering", role: "viewer" }])).toBe("billing_admin");
  expect(await roleAfter(owner.token, [{ group: "Engineering", role: "developer" }])).toBe("developer");
});
