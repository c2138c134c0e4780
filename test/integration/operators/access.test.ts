import { beforeAll, describe, expect, it } from "vitest";
import { accessEnd } from "../../../functions/operators/access/store.ts";
import { endAccess, tellOwners } from "../../../functions/operators/consumers.ts";
import { grantOperator, revokeOperator } from "../../../functions/operators/granting/grant.ts";
import { operatorAccessItem, operatorAccessPlaceItem } from "../../../shared/access/operator-access.ts";
import type { Envelope } from "../../../shared/change/events.ts";
import { addSeconds, timestamp } from "../../../shared/clock.ts";
import { PLATFORM } from "../../../shared/identity/items.ts";
import type { Mail } from "../../../shared/mail/send.ts";
import { createAgent } from "../../support/agents.ts";
import { type Company, registerCompany, unique } from "../../support/api.ts";
import { dueOf } from "../../support/due.ts";
import { accessTo, asked, newOperator } from "../../support/operators.ts";
import { roomyCompany } from "../../support/plans.ts";
import { stackPlatform, stackTable } from "../../support/stack.ts";
import { stand } from "../../support/standing.ts";

let one: Company;
let two: Company;
beforeAll(async () => {
  [one, two] = await Promise.all([newOperator(), newOperator()]);
});

const within = (who: Company, company: Company, method: string, path: string, body?: unknown) =>
  who.call(method, path, body, { "organization-id": company.organization_id });
const platform = () => stackTable().of(PLATFORM);
const stored = async (id: string) => {
  const access = await platform().get(operatorAccessItem, { id });
  if (access === undefined) throw new Error(`there is no access ${id}`);
  return access;
};

interface Entry {
  readonly action: string;
  readonly reason: string | null;
  readonly actor: { readonly type: string; readonly id: string; readonly access_id?: string };
}
/** What operators did in an organization, as its own trail says it, oldest first. */
const trail = async (company: Company, operator: Company): Promise<Entry[]> =>
  (await company.call("GET", `/audit/logs?limit=100&actor=operator:${operator.user_id}`)).body.items.reverse();

/** Moves the end of an access into the past, as time does. */
async function letPass(id: string): Promise<void> {
  const set = { ends_at: timestamp(addSeconds(new Date(), -1)) };
  await platform().transact([platform().writes.update(operatorAccessItem, { id }, { set })]);
}

describe("an operator's access to an organization", () => {
  it("gives nothing before another operator approves it, then reads what it says, and is told of", async () => {
    const company = await registerCompany();
    const stranger = await within(one, company, "GET", "/agents");
    expect([stranger.status, stranger.body.code]).toEqual([403, "membership_inactive"]);
    const { id, status, permissions } = await asked(one, company);
    expect([status, permissions.includes("agents:read"), permissions.includes("billing:read")]).toEqual([
      "pending",
      true,
      false,
    ]);
    expect(permissions.every((permission) => permission.endsWith(":read"))).toBe(true);
    expect((await within(one, company, "GET", "/agents")).body.code).toBe("membership_inactive");
    expect((await one.call("POST", `/platform/accesses/${id}/approve`)).body.code).toBe("forbidden");
    expect((await two.call("GET", "/platform/accesses?status=pending")).status).toBe(200);

    const approved = await two.call("POST", `/platform/accesses/${id}/approve`);
    expect([approved.status, approved.body.status, approved.body.approved_by.user_id]).toEqual([
      200,
      "active",
      two.user_id,
    ]);
    for (const path of ["/agents", "/agents", "/users", "/audit/logs"])
      expect((await within(one, company, "GET", path)).status).toBe(200);
    expect((await within(two, company, "GET", "/agents")).body.code).toBe("membership_inactive");
    const refused = await within(one, company, "PATCH", `/organizations/${company.organization_id}`, { name: "Mine" });
    expect([refused.status, refused.body.code]).toEqual([403, "forbidden"]);
    expect((await one.call("GET", `/organizations/${one.organization_id}`)).status).toBe(200);

    const members = (await company.call("GET", "/users")).body.items.map((user: { id: string }) => user.id);
    expect(members).toEqual([company.user_id]);
    const entries = await trail(company, one);
    expect(entries.map(({ action, reason }) => [action, reason])).toEqual([
      ["operator_access.asked", "Their pipeline hangs."],
      ["operator_access.used", "agents.list"],
      ["operator_access.used", "users.list"],
      ["operator_access.used", "audit.list"],
      ["access.denied", "permission organizations:update"],
    ]);
    expect(entries.slice(1).map(({ actor }) => actor)).toEqual(
      entries.slice(1).map(() => ({ type: "operator", id: one.user_id, access_id: id })),
    );
    expect((await trail(company, two)).map(({ action }) => action)).toEqual(["operator_access.approved"]);
    const seen = (await company.call("GET", `/operator-accesses/${id}`)).body;
    expect(seen.uses.map((use: { operation: string }) => use.operation)).toEqual([
      "agents.list",
      "users.list",
      "audit.list",
    ]);
    expect((await company.call("GET", "/operator-accesses")).body.items.map((a: { id: string }) => a.id)).toContain(id);
  });

  it("changes what it names, each change in the trail with the access; nothing can be asked for that outlives it", async () => {
    const company = await registerCompany();
    const { id: agent_id } = await createAgent(company);
    const { id, call } = await accessTo(company, one, two, ["agents:read", "agents:delete"]);
    const changed = await call("POST", `/agents/${agent_id}/archive`, {});
    expect([changed.status, changed.body.status], changed.text).toEqual([200, "archived"]);
    expect((await call("GET", "/users")).status).toBe(403);
    const entry = (await trail(company, one)).find(({ action }) => action === "agent.archived");
    expect(entry?.actor).toEqual({ type: "operator", id: one.user_id, access_id: id });
    const ask = (permission: string) =>
      one.call("POST", `/platform/organizations/${company.organization_id}/accesses`, {
        ...{ reason: "To see.", minutes: 5, permissions: [permission] },
      });
    for (const permission of [
      "billing:read",
      "organizations:transfer",
      "roles:assign",
      "models:update",
      "agents:execute",
      // A tool or a step that sends elsewhere would go on after the access.
      "agents:update",
      "pipelines:update",
    ])
      expect((await ask(permission)).status, permission).toBe(422);
    expect((await ask("runs:read")).body.state).toBe("taken");
  });

  it("ends by itself at its minute, whatever has been written down by then; the due item tells of it once", async () => {
    const company = await registerCompany();
    const { id, call } = await accessTo(company, one, two);
    expect((await call("GET", "/agents")).status).toBe(200);
    const [due] = (await dueOf(company.organization_id)).filter(({ kind }) => kind === accessEnd.kind);
    if (due === undefined) throw new Error("its end is not due");
    expect(Date.parse(due.at)).toBe(Date.parse((await stored(id)).ends_at));
    const deps = { table: stackTable(), clock: { now: () => new Date() } };
    expect(await endAccess(due, deps)).toEqual(new Date(due.at));
    await letPass(id);
    expect((await call("GET", "/agents")).body.code).toBe("membership_inactive");
    expect((await company.call("GET", `/operator-accesses/${id}`)).body.status).toBe("ended");
    expect((await stored(id)).status).toBe("active");
    expect((await two.call("POST", `/platform/accesses/${id}/revoke`)).body.state).toBe("ended");
    await Promise.all([endAccess(due, deps), endAccess(due, deps), endAccess(due, deps)]);
    expect((await stored(id)).status).toBe("ended");
    const { items } = (await company.call("GET", `/audit/resources/operator_access/${id}`)).body;
    expect(items.filter(({ action }: Entry) => action === "operator_access.ended")).toHaveLength(1);
  });

  it("that nobody approves in time is over, and another one is asked for", async () => {
    const company = await registerCompany();
    const { id } = await asked(one, company);
    await letPass(id);
    expect((await two.call("POST", `/platform/accesses/${id}/approve`)).body.state).toBe("expired");
    const place = { operator_id: one.user_id, organization_id: company.organization_id };
    const expires_at = timestamp(addSeconds(new Date(), -1));
    await platform().transact([platform().writes.update(operatorAccessPlaceItem, place, { set: { expires_at } })]);
    const again = await accessTo(company, one, two);
    expect((await again.call("GET", "/agents")).status).toBe(200);
    const due = { tenant: company.organization_id, kind: accessEnd.kind, ref: id, at: expires_at };
    await endAccess(due, { table: stackTable(), clock: { now: () => new Date() } });
    expect((await stored(id)).status).toBe("expired");
    expect((await again.call("GET", "/agents")).status).toBe(200);
  });

  it.each([
    "its operator",
    "another operator",
    "an owner of the organization",
    "the command",
    "the command about its approver",
  ])("is ended by %s, felt by the next request", async (who) => {
    const company = await registerCompany();
    const commanded = who.startsWith("the command");
    const [operator, approver] = commanded ? [await newOperator(), await newOperator()] : [one, two];
    const { id, call } = await accessTo(company, operator, approver);
    expect((await call("GET", "/agents")).status).toBe(200);
    const by: Record<string, () => Promise<unknown>> = {
      "its operator": () => operator.call("POST", `/platform/accesses/${id}/revoke`),
      "another operator": () => two.call("POST", `/platform/accesses/${id}/revoke`),
      "an owner of the organization": () => company.call("POST", `/operator-accesses/${id}/revoke`),
      "the command": () => revokeOperator(stackTable(), operator.email, new Date()),
      "the command about its approver": () => revokeOperator(stackTable(), approver.email, new Date()),
    };
    const ended = await by[who]?.();
    if (!commanded) expect(ended).toMatchObject({ status: 200, body: { status: "revoked" } });
    expect((await call("GET", "/agents")).body.code).toBe("membership_inactive");
  });

  it("is not there again when its operator is made one anew", async () => {
    const [company, operator] = await Promise.all([registerCompany(), newOperator()]);
    const { call } = await accessTo(company, operator, two);
    await revokeOperator(stackTable(), operator.email, new Date());
    await grantOperator(stackTable(), operator.email, new Date());
    expect((await operator.call("GET", "/platform/organizations")).status).toBe(200);
    expect((await call("GET", "/agents")).body.code).toBe("membership_inactive");
  });

  it("is approved once, and revoked for good when both happen at the same moment", async () => {
    const companies = await Promise.all(Array.from({ length: 4 }, () => registerCompany()));
    for (const company of companies) {
      const { id } = await asked(one, company);
      const approve = () => two.call("POST", `/platform/accesses/${id}/approve`);
      const [a, b, revoked] = await Promise.all([
        approve(),
        approve(),
        company.call("POST", `/operator-accesses/${id}/revoke`),
      ]);
      expect([a.status, b.status].filter((status) => status === 200).length).toBeLessThanOrEqual(1);
      expect([a.status, b.status].every((status) => status === 200 || status === 409)).toBe(true);
      expect(revoked.status, revoked.text).toBe(200);
      expect((await stored(id)).status).toBe("revoked");
      expect((await within(one, company, "GET", "/agents")).status).toBe(403);
      expect(
        await platform().get(operatorAccessPlaceItem, {
          operator_id: one.user_id,
          organization_id: company.organization_id,
        }),
      ).toBeUndefined();
    }
  });

  it("changes nothing from its revocation on, also under way, and leaves an entry for each change that it made", async () => {
    const company = await roomyCompany();
    const agents: string[] = [];
    for (let i = 0; i < 16; i++) agents.push((await createAgent(company, { name: `${unique("N")} ${i}` })).id);
    const { id, call } = await accessTo(company, one, two, ["agents:read", "agents:delete"]);
    const archived = async () => {
      const { items } = (await company.call("GET", "/agents?status=archived&limit=100")).body;
      return items.map((agent: { id: string }) => agent.id).sort();
    };
    const changes = agents.map((agent) => call("POST", `/agents/${agent}/archive`, {}));
    await changes[0];
    expect((await company.call("POST", `/operator-accesses/${id}/revoke`)).status).toBe(200);
    const read = await archived();
    const answers = await Promise.all(changes);
    expect(await archived()).toEqual(read);
    const made = (await trail(company, one)).filter(({ action }) => action === "agent.archived");
    expect(made.length).toBeGreaterThan(0);
    expect(made).toHaveLength(answers.filter(({ status }) => status === 200).length);
    expect((await call("POST", `/agents/${agents[0]}/archive`, {})).status).toBe(403);
  });

  it("is for suspended organizations too, and for no deleted one; and for no member", async () => {
    const company = await registerCompany();
    const { call } = await accessTo(company, one, two);
    await stand(company.organization_id, "suspend");
    expect((await call("GET", "/agents")).status).toBe(200);
    await stand(company.organization_id, "delete");
    expect((await call("GET", "/agents")).body.code).toBe("membership_inactive");
    const ask = (organization_id: string) =>
      two.call("POST", `/platform/organizations/${organization_id}/accesses`, { reason: "To see.", minutes: 1 });
    expect((await ask(company.organization_id)).body.state).toBe("deleted");
    expect((await ask(two.organization_id)).body.state).toBe("member");
    expect((await ask("org_00000000000000000000000001")).status).toBe(404);
  });

  it("is told of to the owners by mail at each step, of its use once", async () => {
    const company = await registerCompany();
    const { id } = await accessTo(company, one, two);
    const mails: Mail[] = [];
    const deps = { ...stackPlatform(), app_url: "https://app", send: async (mail: Mail) => void mails.push(mail) };
    const tell = (step: string, more: object = {}) =>
      tellOwners(
        {
          ...{ type: `operator_access.${step}`, organization_id: company.organization_id },
          data: { access_id: id, ...more },
        } as unknown as Envelope,
        deps,
      );
    for (const step of ["asked", "approved", "revoked", "expired", "ended"]) await tell(step);
    await tell("used", { first: true });
    await tell("used", { first: false });
    expect(mails).toHaveLength(6);
    expect(new Set(mails.map(({ to }) => to))).toEqual(new Set([company.email]));
    expect(mails.every(({ lines }) => lines.join("\n").includes("Their pipeline hangs."))).toBe(true);
    expect(new Set(mails.map(({ lines }) => lines[0])).size).toBe(6);
  });
});
