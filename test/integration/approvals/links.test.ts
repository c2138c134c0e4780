import { beforeAll, describe, expect, it } from "vitest";
import { mailApprovers } from "../../../functions/approvals/consumers.ts";
import { type Approval, approvalItem, approvalLinkItem } from "../../../functions/approvals/store.ts";
import { organizationItem } from "../../../shared/identity/items.ts";
import { UNSET } from "../../../shared/identity/settings.ts";
import type { Mail } from "../../../shared/mail/send.ts";
import { type ApiAnswer, type Company, call, registerCompany, unique } from "../../support/api.ts";
import { approvalLink, pendingApproval } from "../../support/approvals.ts";
import { addMember, type TestMember } from "../../support/members.ts";
import { stackPlatform, stackTable } from "../../support/stack.ts";
import { stand } from "../../support/standing.ts";

let company: Company;
let ada: TestMember;
let bob: TestMember;
beforeAll(async () => {
  company = await registerCompany();
  [ada, bob] = await Promise.all([addMember(company, "org_admin"), addMember(company, "org_admin")]);
});

const lookUp = (token: string) => call("POST", "/approvals/look-up", { body: { token } });
const decide = (token: string, body: object = { decision: "approved" }) =>
  call("POST", "/approvals/decide-by-link", { body: { token, ...body } });
const seen = ({ status, body }: ApiAnswer) => ({ status, code: body.code, detail: body.detail });
const stored = ({ id }: Approval) => stackTable().of(company.organization_id).get(approvalItem, { id });

/** What every dead link answers. */
const DEAD = {
  status: 404,
  code: "not_found",
  detail: "This link no longer works. Sign in to see what has become of the approval.",
};

describe("an approver's link", () => {
  it("shows what it is about, decides once in the approver's name, and says in the trail that it was by link", async () => {
    const approval = await pendingApproval(company, { required: 2 });
    const token = await approvalLink(company, approval, ada.user_id);
    const about = await lookUp(token);
    expect(about.body).toMatchObject({
      id: approval.id,
      email: ada.email,
      may_decide: true,
      payload: { text: "Hello" },
      people: [{ id: company.user_id, name: "Owner" }],
    });
    expect(about.text).not.toContain("sealed_token");
    const silent = await decide(token, { decision: "rejected" });
    expect([silent.status, silent.body.errors ?? silent.body.issues]).toMatchObject([422, [{ path: "comment" }]]);
    const decided = await decide(token, { decision: "approved", comment: "Fine." });
    expect(decided.body).toMatchObject({
      status: "pending",
      decisions: [{ user_id: ada.user_id, decision: "approved", comment: "Fine." }],
    });
    expect(seen(await decide(token))).toEqual(DEAD);
    expect(seen(await lookUp(token))).toEqual(DEAD);
    const { body } = await company.call("GET", `/audit/resources/approval/${approval.id}`);
    expect(body.items[0]).toMatchObject({
      action: "approval.given",
      actor: { type: "user", id: ada.user_id },
      reason: "by the link in a mail",
    });
  });

  it("is one and the same dead link whether it is wrong, of another, decided, over or made up", async () => {
    const approval = await pendingApproval(company);
    const token = await approvalLink(company, approval, ada.user_id);
    const foreign = await registerCompany();
    const other = await pendingApproval(company);
    const expired = await pendingApproval(company, { expires_in_seconds: 0 });
    const dead = {
      "no token": "x",
      "another secret": `${token.slice(0, -43)}${"a".repeat(43)}`,
      "another organization": token.replace(company.organization_id, foreign.organization_id),
      "another approval": token.replace(approval.id, other.id),
      "another approver": token.replace(ada.user_id, bob.user_id),
      "who started the run": await approvalLink(company, approval, company.user_id),
      "an expired approval": await approvalLink(company, expired, ada.user_id),
    };
    for (const [what, wrong] of Object.entries(dead))
      for (const answer of [await lookUp(wrong), await decide(wrong)]) expect(seen(answer), what).toEqual(DEAD);
    const unused = await approvalLink(company, approval, bob.user_id);
    expect((await decide(token)).body.status).toBe("approved");
    expect(seen(await decide(unused))).toEqual(DEAD);
    expect((await stored(approval))?.decisions.length).toBe(1);
  });

  it("counts once, however often it is sent at the same moment, and beside its owner who is signed in", async () => {
    const approval = await pendingApproval(company, { required: 2 });
    const token = await approvalLink(company, approval, ada.user_id);
    const sent = [1, 2, 3, 4].map(() => decide(token));
    const answers = await Promise.all([...sent, ada.call("POST", `/approvals/${approval.id}/approve`)]);
    expect(answers.filter(({ status }) => status === 200).length).toBe(1);
    expect((await stored(approval))?.decisions.length).toBe(1);
  });

  it("is stored nowhere in clear, and each mail brings the same", async () => {
    const approval = await pendingApproval(company, { approvers: { users: [ada.user_id] } });
    const mails: Mail[] = [];
    const deps = {
      ...stackPlatform(),
      send: async (mail: Mail) => void mails.push(mail),
      app_url: "https://app.example.com",
      randomSecret: () => unique().padEnd(43, "a").slice(0, 43),
    };
    const event = {
      id: "evt_01JDQ4X0Z5V8W3N7K2M9R6T1BC",
      type: "approval.requested",
      version: 1,
      organization_id: company.organization_id,
      actor: { type: "system", id: "test" } as const,
      occurred_at: approval.created_at,
      trace_id: "trace",
      data: { approval_id: approval.id },
    };
    await Promise.all([mailApprovers(event, deps), mailApprovers(event, deps)]);
    await mailApprovers({ ...event, type: "approval.reminded" }, deps);
    expect(mails.map(({ to }) => to)).toEqual([ada.email, ada.email, ada.email]);
    const tokens = new Set(mails.map(({ lines }) => /token=(\S+)/.exec(lines.join("\n"))?.[1]));
    expect(tokens.size).toBe(1);
    const [token = ""] = tokens;
    const link = await stackTable()
      .of(company.organization_id)
      .get(approvalLinkItem, { approval_id: approval.id, user_id: ada.user_id });
    expect(JSON.stringify(link)).not.toContain(token.slice(-43));
    expect((await decide(token)).status).toBe(200);
    await mailApprovers(event, deps);
    expect(mails.length).toBe(3);
  });
});

const refused = (code: string) => expect.objectContaining({ status: 403, code });

describe("where the organization asks for more than a link", () => {
  it.each([
    ["a second factor", { require_mfa: true }, "sign_in_required"],
    ["its own provider", { sign_in_methods: ["sso"] }, "sign_in_required"],
    ["its networks", { allowed_addresses: ["203.0.113.0/24"] }, "address_not_allowed"],
  ] as const)("%s: it says to sign in, to whoever has a good one only", async (_, security, code) => {
    const there = await registerCompany();
    const eve = await addMember(there, "org_admin");
    const approval = await pendingApproval(there);
    const token = await approvalLink(there, approval, eve.user_id);
    const { writes, table } = stackTable().of(there.organization_id);
    const settings = { ...UNSET, version: 1, security: structuredClone(security) as object };
    await table.transact([writes.update(organizationItem, {}, { set: { settings } })]);
    expect(seen(await lookUp(token))).toEqual(refused(code));
    expect(seen(await decide(token))).toEqual(refused(code));
    expect(seen(await lookUp(`${token.slice(0, -43)}${"a".repeat(43)}`))).toEqual(DEAD);
  });
});

describe("a revocation bites on the next decision, by the API and by link:", () => {
  type Revoke = (member: TestMember, team: string) => Promise<ApiAnswer>;
  const cases: Readonly<Record<string, readonly [code: string, Revoke]>> = {
    "a role": ["forbidden", ({ user_id }) => company.call("PATCH", `/users/${user_id}`, { role: "viewer" })],
    "a suspended membership": [
      "membership_inactive",
      ({ user_id }) => company.call("POST", `/users/${user_id}/suspend`),
    ],
    "a removed membership": ["membership_inactive", ({ user_id }) => company.call("DELETE", `/users/${user_id}`)],
    "a place in a team": [
      "forbidden",
      ({ user_id }, team) => company.call("DELETE", `/teams/${team}/members/${user_id}`),
    ],
  };
  it.each(Object.entries(cases))("%s", async (_, [code, revoke]) => {
    const member = await addMember(company, "org_admin");
    const team = (await company.call("POST", "/teams", { name: unique("Approvers") })).body.id;
    const placed = await company.call("POST", `/teams/${team}/members`, { user_id: member.user_id });
    expect(placed.status, placed.text).toBe(201);
    const approval = await pendingApproval(company, { approvers: { teams: [team] } });
    const token = await approvalLink(company, approval, member.user_id);
    expect((await lookUp(token)).status).toBe(200);
    const revoked = await revoke(member, team);
    expect(revoked.status, revoked.text).toBeLessThan(300);
    expect(seen(await decide(token))).toEqual(DEAD);
    const direct = await member.call("POST", `/approvals/${approval.id}/approve`);
    expect(direct.body.code).toBe(code);
    expect((await stored(approval))?.decisions).toEqual([]);
  });

  it("an organization", async () => {
    const there = await registerCompany();
    const eve = await addMember(there, "org_admin");
    const approval = await pendingApproval(there);
    const token = await approvalLink(there, approval, eve.user_id);
    await stand(there.organization_id, "suspend");
    expect(seen(await decide(token))).toEqual(DEAD);
    expect((await eve.call("POST", `/approvals/${approval.id}/approve`)).body.code).toBe("organization_suspended");
  });

  it("no decision that began after the revocation was answered is admitted", async () => {
    for (const how of ["suspend", "role"] as const) {
      const members = await Promise.all(Array.from({ length: 4 }, () => addMember(company, "org_admin")));
      await Promise.all(
        members.map(async (member) => {
          const approvals = await Promise.all(Array.from({ length: 10 }, () => pendingApproval(company)));
          const links = await Promise.all(approvals.map((one) => approvalLink(company, one, member.user_id)));
          let answered = Number.POSITIVE_INFINITY;
          const decisions: Promise<{ began: number; admitted: boolean }>[] = [];
          const begin = (i: number) => {
            const began = performance.now();
            const way =
              i % 2 === 0 ? decide(links[i] ?? "") : member.call("POST", `/approvals/${approvals[i]?.id}/approve`);
            decisions.push(way.then(({ status }) => ({ began, admitted: status === 200 })));
          };
          for (let i = 0; i < 4; i++) begin(i);
          const revoked = (
            how === "suspend"
              ? company.call("POST", `/users/${member.user_id}/suspend`)
              : company.call("PATCH", `/users/${member.user_id}`, { role: "viewer" })
          ).then(({ status }) => {
            expect(status).toBe(200);
            answered = performance.now();
          });
          for (let i = 4; i < 6; i++) begin(i);
          await revoked;
          for (let i = 6; i < 10; i++) begin(i);
          const history = await Promise.all(decisions);
          expect(history.filter(({ began, admitted }) => admitted && began > answered)).toEqual([]);
          expect(history.filter(({ began }) => began > answered).length).toBe(4);
        }),
      );
    }
  });
});
