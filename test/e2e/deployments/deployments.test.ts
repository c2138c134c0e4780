import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { deploymentDue, deploymentItem } from "../../../functions/deployments/store.ts";
import { timestamp } from "../../../shared/clock.ts";
import { canonicalJson } from "../../../shared/expressions/json.ts";
import { createAgent } from "../../support/agents.ts";
import { type Company, eventually, registerCompany, unique } from "../../support/api.ts";
import { DeployGateway } from "../../support/deploy-gateway.ts";
import { addMember } from "../../support/members.ts";
import { roomyCompany } from "../../support/plans.ts";
import { activePolicy } from "../../support/policies.ts";
import { stackTable } from "../../support/stack.ts";
import { did } from "../../support/suites.ts";
import { sweepDue } from "../../support/sweeper.ts";
import { activeAgent } from "../runs/setup.ts";

let company: Company;
let server: DeployGateway;
let gateway_id: string;
beforeAll(async () => {
  [company, server] = await Promise.all([roomyCompany(), new DeployGateway().start()]);
  gateway_id = await gateway();
});
afterAll(() => server.close());

const gateway = async (more: object = {}): Promise<string> =>
  (
    await did(company, "POST", "/gateways", {
      name: unique("Gateway"),
      api_url: server.url,
      api_key: server.key,
      ...more,
    })
  ).id;
const agent = () => activeAgent(company, { system_prompt: "Answer in one word." });
const deploy = (agent_id: string, more: object = {}) =>
  company.call("POST", "/deployments", { agent_id, gateway_id, drain_seconds: 0, ...more });
const deployed = async (agent_id: string, more: object = {}) => {
  const answer = await deploy(agent_id, more);
  expect(answer.status, answer.text).toBe(202);
  return becomes(answer.body.id, "active");
};
const read = (id: string) => did(company, "GET", `/deployments/${id}`);
const becomes = (id: string, status: string) =>
  eventually(
    async () => {
      const found = await read(id);
      return found.status === status ? found : undefined;
    },
    `${id} is ${status}`,
    60,
  );
const log = async (id: string): Promise<string[]> =>
  (await did(company, "GET", `/deployments/${id}/logs?limit=100`)).items.map(({ event }: { event: string }) => event);
/** What has to wait for its time does not. */
const hurry = async (id: string) => {
  const table = stackTable().of(company.organization_id);
  const now = new Date();
  const set = { claimed_until: timestamp(now) };
  await table.transact([table.writes.update(deploymentItem, { id }, { set }), deploymentDue.set(table, id, now)]);
  await sweepDue();
};

describe("a deployment", () => {
  it("is served exactly as its version is, and tells how it came to that", async () => {
    const agent_id = await agent();
    const answer = await deploy(agent_id);
    expect([answer.status, answer.headers.get("location")]).toEqual([202, `/api/v1/deployments/${answer.body.id}`]);
    expect(answer.body).toMatchObject({
      status: "pending",
      kind: "agent",
      target_id: agent_id,
      version: 1,
      gateway_id,
      environment: "development",
      digest: null,
    });
    const active = await becomes(answer.body.id, "active");
    const [registration] = [...server.registrations.values()].filter(({ sent }) => sent.deployment_id === active.id);
    expect(active).toMatchObject({
      registration_id: registration?.id,
      endpoint_url: `${server.url}/api/v1/agents/${registration?.id}`,
      error: null,
      replaces_id: null,
    });
    const { bundle, digest } = registration?.sent ?? {};
    expect(digest).toBe(`sha256:${createHash("sha256").update(canonicalJson(bundle)).digest("hex")}`);
    expect(digest).toBe(active.digest);
    expect(bundle.definition.system_prompt).toBe("Answer in one word.");
    expect(await log(active.id)).toEqual(["created", "building", "registering", "registered", "active"]);
    const drift = await did(company, "GET", `/deployments/${active.id}/drift`);
    expect([drift.in_sync, drift.served_digest, drift.error]).toEqual([true, digest, null]);
    if (registration !== undefined) registration.digest = "sha256:another";
    expect((await did(company, "GET", `/deployments/${active.id}/drift`)).in_sync).toBe(false);
  });

  it("takes the place of what was active there, and repeats it when somebody goes back", async () => {
    const agent_id = await agent();
    const first = await deployed(agent_id);
    await did(company, "PATCH", `/agents/${agent_id}`, { system_prompt: "Answer in two words." });
    await did(company, "POST", `/agents/${agent_id}/versions`, { changelog: "Longer." });
    const second = await deployed(agent_id, { version: 2 });
    expect([second.version, second.replaces_id, second.digest === first.digest]).toEqual([2, first.id, false]);
    expect((await becomes(first.id, "stopped")).stop_reason).toBe("superseded");
    expect(server.registrations.has(first.registration_id)).toBe(false);
    const back = await company.call("POST", `/deployments/${first.id}/redeploy`, {});
    expect([back.status, back.body.version, back.body.redeploy_of]).toEqual([202, 1, first.id]);
    expect((await becomes(back.body.id, "active")).digest).toBe(first.digest);
    await becomes(second.id, "stopped");
    const listed = await did(company, "GET", `/deployments?agent_id=${agent_id}`);
    expect(listed.items.map(({ id }: { id: string }) => id)).toEqual([back.body.id, second.id, first.id]);
    const active = await did(
      company,
      "GET",
      `/deployments?agent_id=${agent_id}&gateway_id=${gateway_id}&status=active`,
    );
    expect(active.items.map(({ id }: { id: string }) => id)).toEqual([back.body.id]);
  });

  it("is the only one of its agent that is on its way to a gateway, and is made once for one idempotency key", async () => {
    const agent_id = await agent();
    server.fault("register", "hold");
    const one = await company.call("POST", "/deployments", { agent_id, gateway_id }, { "idempotency-key": "once" });
    const again = await company.call("POST", "/deployments", { agent_id, gateway_id }, { "idempotency-key": "once" });
    expect([again.status, again.body.id]).toEqual([202, one.body.id]);
    const other = await deploy(agent_id);
    expect([other.status, other.body.code, other.body.deployment_id]).toEqual([409, "conflict", one.body.id]);
    await eventually(async () => server.holding > 0 || undefined, "the gateway is asked");
    server.release();
    await becomes(one.body.id, "active");
    server.fault("register", "hold");
    const both = await Promise.all([deploy(agent_id), deploy(agent_id)]);
    expect(both.map(({ status }) => status).sort()).toEqual([202, 409]);
    await eventually(async () => server.holding > 0 || undefined, "the gateway is asked");
    server.release();
    await becomes(both.find(({ status }) => status === 202)?.body.id, "active");
  });

  it("is not of what is no agent to be used, nor on a gateway that is not ready", async () => {
    const [draft, agent_id, off] = [
      await createAgent(company),
      await agent(),
      await gateway({ admin_state: "inactive" }),
    ];
    const refused = async (body: object) => {
      const { status, body: said } = await company.call("POST", "/deployments", { gateway_id, ...body });
      return [status, said.code];
    };
    expect(await refused({ agent_id: draft.id })).toEqual([409, "conflict"]);
    expect(await refused({ agent_id, gateway_id: off })).toEqual([409, "conflict"]);
    expect(await refused({ agent_id, version: 7 })).toEqual([422, "reference_not_found"]);
    const other = await registerCompany();
    const theirs = await activeAgent(other, {});
    expect(await refused({ agent_id: theirs })).toEqual([422, "reference_not_found"]);
    const foreign = await other.call("POST", "/deployments", { agent_id: theirs, gateway_id });
    expect([foreign.status, foreign.body.code]).toEqual([422, "reference_not_found"]);
    const member = await addMember(company, "viewer");
    expect((await member.call("POST", "/deployments", { agent_id, gateway_id })).status).toBe(403);
  });
});

describe("a gateway that", () => {
  it("refuses, redirects, or answers what is no registration fails the deployment, and nothing is left", async () => {
    const agent_id = await agent();
    const faults = [
      [{ status: 422 }, "gateway_refused"],
      [{ status: 302, headers: { location: "https://example.com" } }, "redirected"],
      [{ status: 200, body: '{"error": "no room"}' }, "answer_invalid"],
      [{ status: 200, body: "<html>" }, "answer_invalid"],
      [{ status: 201, body: "{}" }, "answer_invalid"],
      [{ status: 403 }, "key_refused"],
    ] as const;
    for (const [fault, code] of faults) {
      server.fault("register", fault);
      const { body } = await deploy(agent_id);
      expect((await becomes(body.id, "failed")).error.code).toBe(code);
    }
    const active = await deployed(agent_id);
    expect([...server.registrations.values()].filter(({ sent }) => sent.name === active.name)).toHaveLength(1);
  });

  it("registers and does not tell is asked again, by the same key, and registers nothing twice", async () => {
    const agent_id = await agent();
    const before = server.registrations.size;
    server.fault("register", "silent", { status: 503 });
    const { body } = await deploy(agent_id);
    await eventually(async () => (await log(body.id)).includes("retrying") || undefined, "it is tried again");
    await hurry(body.id);
    await eventually(
      async () => (await log(body.id)).filter((one) => one === "retrying").length === 2 || undefined,
      "and again",
    );
    await hurry(body.id);
    await becomes(body.id, "active");
    expect(server.registrations.size).toBe(before + 1);
  });

  it("serves something else is made to take it away, and what was active goes on", async () => {
    const agent_id = await agent();
    const active = await deployed(agent_id);
    server.fault("describe", { status: 200, body: '{"digest": "sha256:another"}' });
    const { body } = await deploy(agent_id);
    const failed = await becomes(body.id, "failed");
    expect(failed.error.code).toBe("digest_mismatch");
    expect(server.registrations.has(failed.registration_id)).toBe(false);
    expect((await read(active.id)).status).toBe("active");
    expect((await did(company, "GET", `/deployments/${active.id}/drift`)).in_sync).toBe(true);
  });

  it("does not take it away is told of, and asked again by whoever stops it once more", async () => {
    const active = await deployed(await agent());
    server.fault("unregister", { status: 409 });
    expect((await company.call("POST", `/deployments/${active.id}/stop`)).status).toBe(202);
    const failed = await becomes(active.id, "stop_failed");
    expect([failed.error.code, server.registrations.has(active.registration_id)]).toEqual(["gateway_refused", true]);
    const inUse = await company.call("DELETE", `/gateways/${gateway_id}`);
    expect([inUse.status, inUse.body.state]).toEqual([409, "in_use"]);
    expect((await did(company, "GET", `/deployments/${active.id}/drift`)).in_sync).toBe(false);
    expect((await company.call("POST", `/deployments/${active.id}/stop`)).status).toBe(202);
    const stopped = await becomes(active.id, "stopped");
    expect([stopped.error, stopped.endpoint_url, server.registrations.has(active.registration_id)]).toEqual([
      null,
      null,
      false,
    ]);
    expect((await company.call("POST", `/deployments/${active.id}/stop`)).status).toBe(409);
  });
});

describe("stopping", () => {
  it("one that is on its way takes away what the gateway was just asked for", async () => {
    const agent_id = await agent();
    server.fault("register", "hold");
    const { body } = await deploy(agent_id);
    await eventually(async () => server.holding > 0 || undefined, "the gateway is asked");
    const stop = await company.call("POST", `/deployments/${body.id}/stop`);
    expect([stop.status, stop.body.status]).toEqual([202, "stopping"]);
    server.release();
    const registered = await eventually(
      async () => (await read(body.id)).registration_id ?? undefined,
      "what was registered is known",
    );
    await hurry(body.id);
    await becomes(body.id, "stopped");
    expect(server.registrations.has(registered)).toBe(false);
    await deployed(agent_id);
  });

  it("leaves what it replaces served for a while", async () => {
    const agent_id = await agent();
    const first = await deployed(agent_id);
    const second = await deployed(agent_id, { drain_seconds: 3_600 });
    expect([(await read(first.id)).status, server.registrations.has(first.registration_id)]).toEqual([
      "stopping",
      true,
    ]);
    await hurry(first.id);
    await becomes(first.id, "stopped");
    expect(second.status).toBe("active");
  });
});

describe("whoever", () => {
  it("holds on to an agent that is deployed keeps it from being archived, and to a gateway from being moved", async () => {
    const agent_id = await agent();
    const own = await gateway();
    const active = await deployed(agent_id, { gateway_id: own });
    expect((await company.call("POST", `/agents/${agent_id}/archive`, {})).status).toBe(409);
    const moved = await company.call("PATCH", `/gateways/${own}`, { environment: "production" });
    expect([moved.status, moved.body.state]).toEqual([409, "deployed_to"]);
    await did(company, "POST", `/deployments/${active.id}/stop`);
    await becomes(active.id, "stopped");
    expect((await company.call("POST", `/agents/${agent_id}/archive`, {})).status).toBe(200);
    expect((await company.call("DELETE", `/gateways/${own}`)).status).toBe(204);
    expect((await company.call("POST", `/deployments/${active.id}/redeploy`, {})).status).toBe(409);
    expect((await company.call("DELETE", `/deployments/${active.id}`)).status).toBe(204);
    expect((await company.call("GET", `/deployments/${active.id}`)).status).toBe(404);
  });

  it("may not deploy to production is refused by where the gateway is", async () => {
    const production = await gateway({ environment: "production" });
    const agent_id = await agent();
    const policy = await activePolicy(company, {
      resource_type: "deployment",
      action: "create",
      conditions: { path: "resource.environment", op: "eq", value: "production" },
    });
    const refused = await deploy(agent_id, { gateway_id: production });
    expect([refused.status, refused.body.policy?.id]).toEqual([403, policy.id]);
    await deployed(agent_id);
    await did(company, "POST", `/policies/${policy.id}/deactivate`);
  });

  it("has lost the right to deploy meanwhile has nothing activated", async () => {
    const agent_id = await agent();
    const member = await addMember(company, "developer");
    server.fault("register", "hold");
    const { body, status, text } = await member.call("POST", "/deployments", { agent_id, gateway_id });
    expect(status, text).toBe(202);
    await eventually(async () => server.holding > 0 || undefined, "the gateway is asked");
    await did(company, "PATCH", `/users/${member.user_id}`, { role: "viewer" });
    server.release();
    const failed = await becomes(body.id, "failed");
    expect([failed.error.code, server.registrations.has(failed.registration_id)]).toEqual(["not_permitted", false]);
  });
});
