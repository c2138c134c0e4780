import { describe, expect, inject, it } from "vitest";
import { HOLD_SECONDS } from "../../../functions/auth/passwords/hold.ts";
import { sessionsOf } from "../../../functions/auth/sessions/store.ts";
import { sentMails, tokenIn } from "../../../local/mails.ts";
import { PLATFORM, userItem } from "../../../shared/identity/items.ts";
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

  it("chooses one once, however many do at the same moment", async () => {
    const { choose, signIn, user } = await brought();
    const answers = await Promise.all([choose(), choose(), choose()]);
    expect(answers.filter(({ status }) => status === 204)).toHaveLength(1);
    expect((await user())?.subs).toHaveLength(1);
    expect((await signIn()).status).toBe(200);
  });
});
