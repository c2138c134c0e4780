import { describe, expect, it } from "vitest";
import { invitationMailsItem } from "../../../functions/invitations/store.ts";
import { plans } from "../../../shared/limits/plans.ts";
import { registerCompany, unique } from "../../support/api.ts";
import { authService, stackPool } from "../../support/auth.ts";
import { invited, linkOf } from "../../support/invitations.ts";
import { addMember } from "../../support/members.ts";
import { stackTable } from "../../support/stack.ts";

const person = (token: string) => ({ token, name: "Guest", password: "correct horse battery staple" });

describe("joining by an invitation", () => {
  it("works where nobody registers by themselves", async () => {
    const host = await registerCompany();
    const token = await linkOf(host, (await invited(host)).id);
    const { send } = authService({ registration: { open: false, domains: ["example.org"] } });
    expect((await send("POST", "/auth/join", person(token))).status).toBe(201);
  });

  it("leaves no account behind where the plan has no seat, and the link works", async () => {
    const host = await registerCompany();
    await Promise.all([addMember(host, "viewer"), addMember(host, "viewer")]);
    const token = await linkOf(host, (await invited(host)).id);
    const deleted: string[] = [];
    const pool = stackPool();
    const { send } = authService({
      identities: {
        ...pool,
        deleteUser: (id) => {
          deleted.push(id);
          return pool.deleteUser(id);
        },
      },
    });
    const refused = await send("POST", "/auth/join", person(token));
    expect([refused.status, refused.body.code, refused.body.resource]).toEqual([402, "quota_exceeded", "users"]);
    expect(deleted).toHaveLength(1);
    expect((await send("POST", "/auth/join", person(token))).status).toBe(402);
  });

  it("is given by nobody who was suspended since", async () => {
    const host = await registerCompany();
    const admin = await addMember(host, "org_admin");
    const { id } = (await admin.call("POST", "/invitations", { email: `${unique("x")}@example.com`, role: "viewer" }))
      .body;
    const token = await linkOf(host, id);
    expect((await host.call("POST", `/users/${admin.user_id}/suspend`)).status).toBe(200);
    const { send } = authService();
    expect((await send("POST", "/auth/join", person(token))).status).toBe(404);
    expect((await host.call("POST", `/users/${admin.user_id}/restore`)).status).toBe(200);
    expect((await send("POST", "/auth/join", person(token))).status).toBe(201);
  });
});

describe("inviting", () => {
  it("a hundred at once makes as many as the plan has room for, and says of each other one why not", async () => {
    const host = await registerCompany();
    const invitations = Array.from({ length: 100 }, () => ({ email: `${unique("g")}@example.com`, role: "viewer" }));
    const answer = await host.call("POST", "/invitations/bulk", { invitations });
    expect(answer.status).toBe(200);
    const codes = answer.body.results.map(({ error }: { error: { code: string } | null }) => error?.code ?? "made");
    const room = plans.free.invitations;
    expect(codes).toEqual([...Array(room).fill("made"), ...Array(100 - room).fill("quota_exceeded")]);
    const over = await host.call("POST", "/invitations/bulk", { invitations: [...invitations, invitations[0]] });
    expect(over.status).toBe(422);
  });

  it("is over for the day when the organization has sent its mails", async () => {
    const host = await registerCompany();
    const day = new Date().toISOString().slice(0, 10);
    const tenant = stackTable().of(host.organization_id);
    const count = plans.free.invitation_mails_per_day;
    const sent = { scope: "organization", day, count, expires_at: new Date(Date.now() + 86_400_000).toISOString() };
    await tenant.transact([tenant.writes.put(invitationMailsItem, sent)]);
    const refused = await host.call("POST", "/invitations", { email: `${unique("g")}@example.com`, role: "viewer" });
    expect([refused.status, refused.body.code]).toEqual([429, "rate_limited"]);
  });
});
