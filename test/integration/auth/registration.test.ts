import { describe, expect, it } from "vitest";
import { passwordResetItem, resetTokenContext } from "../../../functions/auth/store.ts";
import { allowances } from "../../../functions/auth/throttle/model.ts";
import { outboxItem } from "../../../shared/change/items.ts";
import { Problem } from "../../../shared/errors.ts";
import { PLATFORM, userItem } from "../../../shared/identity/items.ts";
import { call, proofOf, registerCompany, unique } from "../../support/api.ts";
import { authDeps, authService, midHour, stackPool } from "../../support/auth.ts";

const hex = (): string => unique("").slice(1, 5);
const person = (email = `${unique()}@example.com`) => ({ email, name: "Ada", organization_name: unique("Acme") });

describe("registering", () => {
  it("is bounded by the hour: for one source, one block and one address", async () => {
    const { send } = authService({}, midHour);
    const site = `2001:db8:${hex()}`;
    const from = (ip: string, email?: string) => send("POST", "/auth/register", person(email), { ip });
    const statuses = async (answers: Promise<{ status: number }>[]) =>
      (await Promise.all(answers)).filter(({ status }) => status === 202).length;
    const { register_source: source, register_block: block, register_email: address } = allowances;
    const one = Array.from({ length: source.limit + 3 }, (_, i) => from(`${site}:1::${i}`));
    expect(await statuses(one)).toBe(source.limit);
    const many = Array.from({ length: block.limit }, (_, i) => from(`${site}:${100 + i}::1`));
    expect(await statuses(many)).toBe(block.limit - source.limit);
    const email = `${unique()}@example.com`;
    const same = Array.from({ length: address.limit + 2 }, () => from(`2001:db8:${hex()}:1::1`, email));
    expect(await statuses(same)).toBe(address.limit);
  });

  it("is refused where it is closed, or to addresses of other domains, also when the mail has gone out", async () => {
    const open = authService();
    const { registration_id } = (await open.send("POST", "/auth/register", person())).body;
    const body = { token: await proofOf(registration_id), password: "correct horse battery" };
    for (const registration of [
      { open: false, domains: [] },
      { open: true, domains: ["example.org"] },
    ]) {
      const { send } = authService({ registration });
      for (const answer of [
        await send("POST", "/auth/register", person()),
        await send("POST", "/auth/verify-email", body),
      ])
        expect([answer.status, answer.body.code]).toEqual([403, "registration_closed"]);
    }
    expect((await open.send("POST", "/auth/verify-email", body)).status).toBe(201);
  });

  it("keeps its token when the pool refuses the password, and leaves no account behind", async () => {
    const deleted: string[] = [];
    const { registration_id } = (await call("POST", "/auth/register", { body: person() })).body;
    const body = { token: await proofOf(registration_id), password: "correct horse battery" };
    const refusing = authService({
      identities: {
        ...stackPool(),
        createUser: () => Promise.reject(new Problem("weak_password", "Too plain.")),
        deleteUser: async (id) => void deleted.push(id),
      },
    });
    expect((await refusing.send("POST", "/auth/verify-email", body)).status).toBe(422);
    expect(deleted).toHaveLength(1);
    expect((await authService().send("POST", "/auth/verify-email", body)).status).toBe(201);
  });
});

describe("an idempotency key of somebody unknown", () => {
  const headers = { "idempotency-key": "1" };

  it("never meets a stranger's: another address or another request is another key", async () => {
    const { send } = authService();
    const email = `${unique()}@example.com`;
    const ask = async (address: string, ip: string) => {
      const { status, body } = await send(
        "POST",
        "/auth/register",
        { ...person(address), organization_name: "Acme" },
        { ip, headers },
      );
      return [status, body.registration_id];
    };
    const [mine, mineAgain] = [await ask(email, "2001:db8:aaaa::1"), await ask(email, "2001:db8:aaaa::1")];
    expect(mine[0]).toBe(202);
    expect(mineAgain).toEqual(mine);
    const elsewhere = await ask(email, "2001:db8:bbbb::1");
    const another = await ask(`${unique()}@example.com`, "2001:db8:aaaa::1");
    expect([elsewhere[0], another[0]]).toEqual([202, 202]);
    expect(new Set([mine[1], elsewhere[1], another[1]]).size).toBe(3);
  });

  it("gives no tokens again: neither for a used refresh token nor for a used proof", async () => {
    const { send } = authService();
    const { registration_id } = (await send("POST", "/auth/register", person())).body;
    const proof = { token: await proofOf(registration_id), password: "correct horse battery" };
    const made = await send("POST", "/auth/verify-email", proof, { headers });
    expect(made.status).toBe(201);
    const again = await send("POST", "/auth/verify-email", proof, { headers });
    expect([again.status, again.body.tokens]).toEqual([401, undefined]);
    const { refresh_token } = made.body.tokens;
    expect((await send("POST", "/auth/refresh", { refresh_token }, { headers })).status).toBe(200);
    const replayed = await send("POST", "/auth/refresh", { refresh_token }, { headers });
    expect([replayed.status, replayed.body.access_token]).toEqual([401, undefined]);
  });
});

it("a reset keeps its token when the pool refuses the password", async () => {
  const company = await registerCompany();
  const { send, deps } = authService();
  const asked = await send("POST", "/auth/forgot-password", { email: company.email }, { ip: `2001:db8:${hex()}::1` });
  expect(asked.status).toBe(202);
  const token = await resetTokenOf(company.user_id, deps);
  const body = { token, new_password: "a pass phrase nobody knows" };
  const identities = { ...stackPool(), setPassword: () => Promise.reject(new Problem("weak_password", "Too plain.")) };
  expect((await authService({ identities }).send("POST", "/auth/reset-password", body)).status).toBe(422);
  expect((await send("POST", "/auth/reset-password", body)).status).toBe(204);
  expect((await send("POST", "/auth/reset-password", body)).status).toBe(401);
});

/** The token that the mail of the user's newest reset brings. */
async function resetTokenOf(user_id: string, { table, secrets } = authDeps()): Promise<string> {
  const user = await table.of(PLATFORM).get(userItem, { id: user_id });
  const day = new Date().toISOString().slice(0, 10);
  for await (const { envelope } of table.of(user?.default_organization_id ?? "").all(outboxItem, { of: { day } })) {
    const id = envelope.data.password_reset_id;
    if (typeof id !== "string") continue;
    const reset = await table.of(PLATFORM).get(passwordResetItem, { id });
    if (reset !== undefined) return secrets.decrypt(reset.sealed_token, resetTokenContext(id));
  }
  throw new Error("there is no reset");
}
