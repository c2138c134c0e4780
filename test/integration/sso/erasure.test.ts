import { afterAll, beforeAll, expect, it } from "vitest";
import { eraseOrganization } from "../../../functions/organizations/erasure/erase.ts";
import { organizationErasure } from "../../../functions/organizations/erasure/store.ts";
import { letGo, repair } from "../../../functions/sso/consumers.ts";
import { providerName } from "../../../functions/sso/model.ts";
import { connectionsOf, identityItem, userIdentityItem } from "../../../functions/sso/store.ts";
import { addSeconds } from "../../../shared/clock.ts";
import { PutOff } from "../../../shared/due/work.ts";
import { Problem } from "../../../shared/errors.ts";
import { PLATFORM, poolAccountItem, userItem } from "../../../shared/identity/items.ts";
import { call, registerCompany, unique } from "../../support/api.ts";
import { claimsOf } from "../../support/auth.ts";
import { dueOf } from "../../support/due.ts";
import { enrol } from "../../support/mfa.ts";
import { poolPage, startProvider, type TestProvider } from "../../support/oidc-provider.ts";
import { pool } from "../../support/pool.ts";
import { ssoService } from "../../support/sso.ts";
import { stand } from "../../support/standing.ts";

let provider: TestProvider;
const sso = ssoService();
const { table } = sso.deps;
beforeAll(async () => {
  provider = await startProvider(poolPage());
});
afterAll(() => provider.stop());

/** A company with a provider by which somebody came in who is in another one by another provider too. */
async function company(email: string, domain: string) {
  const owner = await registerCompany();
  await sso.prove(owner, domain);
  const { id } = await sso.connect(owner, provider, { provisioning: true });
  provider.signsIn({ sub: unique("subject"), email, email_verified: true, name: "Ada" });
  const { body } = (await sso.signIn({ connection_id: id })).answer ?? {};
  return { owner, id: id as string, user_id: body.user.id as string, token: body.tokens.access_token as string };
}

it("an organization that is erased lets people go first: nothing of theirs names it, and their other ways in stand", async () => {
  const domain = `${unique("acme")}.example`;
  const email = `${unique("ada")}@${domain}`;
  const here = await company(email, domain);
  const there = await company(email, domain);
  expect(there.user_id).toBe(here.user_id);
  const organization_id = here.owner.organization_id;
  await enrol(here.owner);
  const enforced = await sso.enforce(here.owner, here.owner.user_id);
  expect(enforced.status, enforced.text).toBe(200);
  const platform = table.of(PLATFORM);
  const named = async () => (await platform.get(userItem, { id: here.owner.user_id }))?.break_glass_in;
  expect(await named()).toEqual([organization_id]);

  await stand(organization_id, "delete");
  const [due] = (await dueOf(organization_id)).filter(({ kind }) => kind === organizationErasure.kind);
  if (due === undefined) throw new Error("nothing is due");
  const erase = (seconds: number) =>
    eraseOrganization(due, {
      table,
      clock: { now: () => addSeconds(new Date(due.at), seconds) },
      budget: () => () => false,
      // There is one, and no time for it.
      files: { page: async () => ["a file"], removeKeys: () => Promise.reject(new Error("no file is removed here")) },
      certify: async () => {
        throw new Error("nothing is certified here");
      },
    });
  await erase(0);
  // Until people are let go nothing is erased, however long that takes.
  expect(await erase(1_000)).toBeInstanceOf(PutOff);

  await letGo({ organization_id }, { table, clock: { now: () => new Date() } });
  await letGo({ organization_id }, { table, clock: { now: () => new Date() } });
  expect(await named()).toEqual([]);
  expect((await call("GET", "/auth/me", { token: here.token })).status).toBe(401);
  for (let tries = 0; (await connectionsOf(table, organization_id)).length > 0 && tries < 20; tries++)
    try {
      const of = { tenant: organization_id, kind: "sso_connection", ref: here.id, at: "" };
      await repair(of, { ...sso.deps, clock: { now: () => new Date() } });
    } catch (error) {
      // The deployed function is at it, too.
      if (!(error instanceof Problem) || error.status >= 500) throw error;
    }
  expect(await connectionsOf(table, organization_id)).toEqual([]);
  const { items } = await table.of(organization_id).page(identityItem, { of: { connection_id: here.id }, limit: 1 });
  expect(items).toEqual([]);
  const inPool = ({ owner, id }: typeof here) => pool().hasProvider(providerName(owner.organization_id, id));
  expect([await inPool(here), await inPool(there)]).toEqual([false, true]);
  const [gone, stays] = [claimsOf(here.token).sub ?? "", claimsOf(there.token).sub ?? ""];
  expect((await platform.get(userItem, { id: here.user_id }))?.subs).toEqual([stays]);
  const accounts = await Promise.all([gone, stays].map((sub) => platform.get(poolAccountItem, { sub })));
  expect(accounts.map((account) => account?.user_id)).toEqual([undefined, here.user_id]);
  const pointers = await platform.page(userIdentityItem, { of: { user_id: here.user_id }, limit: 5 });
  expect(pointers.items.map(({ connection_id }) => connection_id)).toEqual([there.id]);
  expect((await sso.signIn({ connection_id: there.id })).answer?.status).toBe(200);
  expect(await erase(1_000)).toBeInstanceOf(Date);
});
