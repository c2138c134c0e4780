import { describe, expect, inject, it } from "vitest";
import { HOLD_SECONDS } from "../../../functions/auth/passwords/hold.ts";
import { sessionsOf } from "../../../functions/auth/sessions/store.ts";
import { sentMails, tokenIn } from "../../../local/mails.ts";
import { ACCOUNTS_PER_USER, PLATFORM, userItem } from "../../../shared/identity/items.ts";
import { call, eventually, registerCompany, unique } from "../../support/api.ts";
import { authService, claimsOf, stackPool } from "../../support/auth.ts";
import { directoryOf, ownDomain, posted } from "../../support/scim.ts";
import { stackTable } from "../../support/stack.ts";

const new_password = "a pass phrase nobody knows";

/** Somebody whom a directory has brought, with the token of the mail by which they choose a password. */
async function brought() {
  const company = await registerCompany();
  const email = `${unique("p")}@${await ownDomain(company)}`;
  const { body } = await (await directoryOf(company)).call("POST", "/Users", posted(email));
  expect((await call("POST", "/auth/forgot-password", { body: { email } })).status).toBe(202);
  const token = await eventually(
    async () => tokenIn(await sentMails(inject("stack").endpoint), email, "pwr"),
    "the mail with the token",
  );
  const choose = (service = authService()) => service.send("POST", "/auth/reset-password", { token, new_password });
  const signIn = () => call("POST", "/auth/login", { body: { email, password: new_password } });
  const user = () => stackTable().of(PLATFORM).get(userItem, { id: body.id });
  return { email, token, choose, signIn, user };
}

describe("who has no password yet", () => {
  it("chooses one by mail: the account at the pool is theirs from then on, and their sessions are found", async () => {
    const { choose, signIn, user } = await brought();
    expect(await user()).toMatchObject({ has_password: false, subs: [] });
    expect((await choose()).status).toBe(204);
    const signed = await signIn();
    expect([signed.status, signed.body.user.has_password]).toEqual([200, true]);
    const { sub } = claimsOf(signed.body.tokens.access_token);
    const now = await user();
    expect(now?.subs).toEqual([sub]);
    expect(await sessionsOf(stackTable(), now ?? { subs: [] })).toHaveLength(1);
    expect((await choose()).status).toBe(401);
  });

  it("signs in by nothing when the request died after the pool had learnt of it, and chooses again", async () => {
    const { choose, signIn, user } = await brought();
    const dying = authService({
      identities: {
        ...stackPool(),
        createUser: async (...given) => {
          await stackPool().createUser(...given);
          throw new Error("the function died");
        },
      },
    });
    expect((await choose(dying)).status).toBe(503);
    expect((await signIn()).status).toBe(401);
    expect(await user()).toMatchObject({ has_password: false, subs: [] });
    const later = { now: () => new Date(Date.now() + (HOLD_SECONDS + 1) * 1000) };
    expect((await choose(authService({}, later))).status).toBe(204);
    expect((await signIn()).status).toBe(200);
  });

  it("is refused before anything is held or ended where there is no room for another account at the pool", async () => {
    const { choose, signIn, user } = await brought();
    const { id, epoch } = (await user()) ?? { id: "", epoch: 0 };
    const platform = stackTable().of(PLATFORM);
    const subs = Array.from({ length: ACCOUNTS_PER_USER }, (_, i) => `${id}-${i}`);
    const having = (some: string[]) =>
      platform.transact([platform.writes.update(userItem, { id }, { set: { subs: some } })]);
    await having(subs);
    const full = await choose();
    expect([full.status, full.body.detail]).toEqual([409, expect.stringContaining("Unlink a provider")]);
    expect(await user()).toMatchObject({ has_password: false, epoch, subs });
    expect((await user())?.password_hold_until).toBeUndefined();
    // One that is linked while the pool learns of the password takes the last place.
    await having(subs.slice(1));
    const { createUser } = stackPool();
    const slow = authService({
      identities: {
        ...stackPool(),
        createUser: async (...given) => {
          const sub = await createUser(...given);
          await having(subs);
          return sub;
        },
      },
    });
    expect((await choose(slow)).status).toBe(401);
    expect(await user()).toMatchObject({ has_password: false, subs });
    expect((await signIn()).status).toBe(401);
  });

  it("chooses one once, however many do at the same moment", async () => {
    const { choose, signIn, user } = await brought();
    const answers = await Promise.all([choose(), choose(), choose()]);
    expect(answers.filter(({ status }) => status === 204)).toHaveLength(1);
    expect((await user())?.subs).toHaveLength(1);
    expect((await signIn()).status).toBe(200);
  });
});
