import { beforeAll, describe, expect, it } from "vitest";
import { extractContext, fetchContext } from "../../../functions/agents/consumers.ts";
import { purgedAgent } from "../../../functions/agents/purge/purge.ts";
import { indexAgent } from "../../../functions/agents/retrieval/indexing.ts";
import { textIndexItem } from "../../../functions/agents/retrieval/store.ts";
import { agentContextItem, agentItem, agentPurge } from "../../../functions/agents/store.ts";
import { mailApprovers } from "../../../functions/approvals/consumers.ts";
import { sendInvitation } from "../../../functions/invitations/consumers.ts";
import { defaultEmbeddingId } from "../../../functions/models/defaults/public.ts";
import type { ModelInvoker } from "../../../functions/models/public.ts";
import { sendNotice } from "../../../functions/organizations/consumers.ts";
import { type Graph, graphSchema } from "../../../functions/pipelines/graph/public.ts";
import { purgedPipeline } from "../../../functions/pipelines/purge/purge.ts";
import { pipelinePurge } from "../../../functions/pipelines/store.ts";
import { rooms } from "../../../functions/rooms.ts";
import { halt, launch } from "../../../functions/runs/consumers.ts";
import type { Workflow } from "../../../functions/runs/control/workflow.ts";
import { denialOf } from "../../../functions/runs/engine/rights.ts";
import { hear as hearOfJob, look as lookAtJob } from "../../../functions/suites/consumers.ts";
import { suiteRunDue } from "../../../functions/suites/store.ts";
import { tell, tellAgain } from "../../../functions/telemetry/consumers.ts";
import { resume } from "../../../functions/webhooks/deliveries/resume.ts";
import type { Envelope } from "../../../shared/change/events.ts";
import { addSeconds, timestamp } from "../../../shared/clock.ts";
import { dueWorker } from "../../../shared/due/work.ts";
import { organizationItem } from "../../../shared/identity/items.ts";
import { UNSET } from "../../../shared/identity/settings.ts";
import { silentLog } from "../../../shared/observability/log.ts";
import { purgeWork } from "../../../shared/purge/purge.ts";
import { draftPipeline } from "../../e2e/pipelines/graphs.ts";
import { createAgent } from "../../support/agents.ts";
import { type Company, registerCompany } from "../../support/api.ts";
import { pendingApproval } from "../../support/approvals.ts";
import { dueOf } from "../../support/due.ts";
import { invited, linkOf } from "../../support/invitations.ts";
import { addMember } from "../../support/members.ts";
import { organizationNamed } from "../../support/organization.ts";
import { ownTable } from "../../support/own-table.ts";
import { startReceiver } from "../../support/receiver.ts";
import { comeDue, firingsOf, hear, scheduleOf } from "../../support/schedules.ts";
import { stackPlatform, stackTable } from "../../support/stack.ts";
import { stand } from "../../support/standing.ts";
import { caseOf, suiteOf } from "../../support/suites.ts";
import { World as StreamWorld } from "../audit/streams/world.ts";
import { World as DeployWorld } from "../deployments/world.ts";
import { World as GatewayWorld } from "../gateways/world.ts";
import { blobs, drive, look, startRun } from "../runs/harness.ts";
import { jobOf, workerDeps } from "../suites/harness.ts";
import { World } from "../webhooks/world.ts";

const never = async (): Promise<never> => {
  throw new Error("nothing may leave for an organization that is suspended");
};

const told = (organization_id: string, type: string, data: Record<string, unknown>): Envelope => ({
  id: "evt_01JDQ4X0Z5V8W3N7K2M9R6T1BC",
  type,
  version: 1,
  organization_id,
  actor: { type: "system", id: "test" },
  occurred_at: timestamp(new Date()),
  trace_id: "trace",
  data,
});

let company: Company;
beforeAll(async () => {
  company = await registerCompany();
});

const noFiles = { removeAll: never };
const clockAt = (now: Date) => ({ now: () => now });

/** An archived thing whose time comes while the organization is suspended. */
async function waitsForItsEnd(path: string, kind: string): Promise<void> {
  const purge_at = (await company.call("GET", path)).body.purge_at;
  const id = path.split("/").at(-1) ?? "";
  const of = async () => (await dueOf(company.organization_id)).find(({ ref }) => ref === id);
  const deps = { table: stackTable(), clock: clockAt(new Date(purge_at)), files: noFiles };
  const works = {
    [agentPurge.kind]: purgeWork(purgedAgent, deps),
    [pipelinePurge.kind]: purgeWork(purgedPipeline, deps),
  };
  await stand(company.organization_id, "suspend");
  const due = await of();
  if (due === undefined) throw new Error("nothing is due");
  expect(due.kind).toBe(kind);
  await dueWorker(stackTable(), works)(due);
  expect((await of())?.at).toBe(timestamp(addSeconds(new Date(purge_at), 86_400)));
  await stand(company.organization_id, "restore");
  expect((await company.call("GET", path)).body.status).toBe("archived");
  expect((await company.call("POST", `${path}/restore`, {})).status).toBe(200);
}

/** A run of an organization that has just been suspended, and the workflow that its start would need. */
async function runOfSuspended() {
  const config = { agent_id: "agt_01JDQ4X0Z5V8W3N7K2M9R6T1BC" };
  const graph: Graph = graphSchema.parse({
    nodes: [
      { id: "in", kind: "input", label: "in", config: {} },
      { id: "agent", kind: "agent", label: "agent", config },
      { id: "out", kind: "output", label: "out", config: {} },
    ],
    connections: [
      { id: "c1", source: "in", target: "agent" },
      { id: "c2", source: "agent", target: "out" },
    ],
  });
  const run = await startRun(graph, {});
  const own = stackTable().of(run.tenant);
  await own.transact([own.writes.create(organizationItem, organizationNamed(run.tenant, { status: "suspended" }))]);
  const calls: string[] = [];
  const workflow: Workflow = {
    start: async (_, id) => void calls.push(`start ${id}`),
    wake: async (_, __, ___, name) => void calls.push(`wake ${name}`),
    stop: async (execution) => void calls.push(`stop ${execution}`),
    failure: async () => undefined,
    input: async () => undefined,
  };
  const deps = { table: stackTable(), clock: clockAt(new Date()), log: silentLog, workflow };
  return { run, calls, deps };
}

/** A job with a case that goes on, of an organization that has just been suspended. */
async function jobInSuspended(): Promise<string> {
  const agent = await createAgent(company);
  expect((await company.call("POST", `/agents/${agent.id}/activate`, {})).status).toBe(200);
  const { id } = await suiteOf(company, agent.id);
  await caseOf(company, id);
  const job = await jobOf(company, id);
  await lookAtJob({ tenant: company.organization_id, kind: suiteRunDue.kind, ref: job, at: "" }, workerDeps());
  await stand(company.organization_id, "suspend");
  return job;
}

async function expectCancelled(job: string): Promise<void> {
  await stand(company.organization_id, "restore");
  const { body } = await company.call("GET", `/suite-runs/${job}`);
  expect(body).toMatchObject({ status: "cancelled", reason: "organization_suspended", running: 0 });
}

/** The company has its runs sent to a collector. */
async function tracesSent(): Promise<void> {
  const answer = await company.call("PUT", "/trace-export", { endpoint: "https://collector.example.com/v1/traces" });
  expect(answer.status, answer.text).toBe(200);
}

const ENDED = { code: "organization_suspended", message: "The organization is suspended." };

/** What each function that is not called by a request does, where that is more than finishing what was begun. */
const rows: Readonly<Record<string, () => Promise<void>>> = {
  "agents.contexts": async () => {
    const agent = await createAgent(company);
    const path = `/agents/${agent.id}/contexts`;
    const { body } = await company.call("POST", path, { name: "Text", content_type: "text", content: "Here" });
    const own = stackTable().of(company.organization_id);
    const key = { agent_id: agent.id, id: body.id };
    const set = { url: "https://example.com/", attempt: "one" };
    await own.transact([own.writes.update(agentContextItem, key, { set })]);
    const data = {
      agent_id: agent.id,
      context_id: body.id,
      change: "created",
      changed_fields: [],
      fetch: "one",
    };
    const deps = { table: stackTable(), blobs: blobs(), clock: clockAt(new Date()), log: silentLog };
    await stand(company.organization_id, "suspend");
    await fetchContext(told(company.organization_id, "agent.context_changed", data), {
      ...deps,
      outbound: { request: never },
      extract: never,
    });
    await stand(company.organization_id, "restore");
    const read = await company.call("GET", `${path}/${body.id}`);
    expect(read.body).toMatchObject({ status: "failed", error: { code: "organization_suspended" } });
  },
  "agents.extract": async () => {
    const agent = await createAgent(company);
    const path = `/agents/${agent.id}/contexts`;
    const { body } = await company.call("POST", path, { name: "Text", content_type: "text", content: "Here" });
    const own = stackTable().of(company.organization_id);
    const set = { status: "processing" as const, attempt: "one" };
    await own.transact([own.writes.update(agentContextItem, { agent_id: agent.id, id: body.id }, { set })]);
    const data = { agent_id: agent.id, context_id: body.id, media_type: "application/pdf", upload: "one" };
    await stand(company.organization_id, "suspend");
    await extractContext(told(company.organization_id, "agent.context_uploaded", data), {
      table: stackTable(),
      blobs: blobs(),
      clock: clockAt(new Date()),
      log: silentLog,
      textOf: never,
      forget: async () => undefined,
    });
    await stand(company.organization_id, "restore");
    const read = await company.call("GET", `${path}/${body.id}`);
    expect(read.body).toMatchObject({ status: "failed", error: { code: "organization_suspended" } });
  },
  "agents.index_contexts": async () => {
    const { id: agent_id } = await createAgent(company);
    const path = `/agents/${agent_id}/contexts`;
    await company.call("POST", path, { name: "Text", content_type: "text", content: "Here" });
    const own = stackTable().of(company.organization_id);
    const retrieval = { mode: "always", model_id: defaultEmbeddingId, top_k: 8, budget_tokens: 100 } as const;
    await stand(company.organization_id, "suspend");
    await own.transact([own.writes.update(agentItem, { id: agent_id }, { set: { retrieval } })]);
    await indexAgent(told(company.organization_id, "agent.index_requested", { agent_id, version: null }), {
      ...stackPlatform(),
      blobs: blobs(),
      files: { bytes: never, put: never, remove: never },
      invoker: { generate: never, embed: never, stream: never } as unknown as ModelInvoker,
      pause: never,
    });
    // Nothing was begun: who misses it asks for it.
    for await (const one of own.all(textIndexItem, { of: { agent_id } })) throw new Error(`begun: ${one.text}`);
    await stand(company.organization_id, "restore");
    expect((await company.call("POST", `/agents/${agent_id}/retrieval/index`)).status).toBe(202);
  },
  "agents.purge": async () => {
    const { id } = await createAgent(company);
    await company.call("DELETE", `/agents/${id}`);
    await waitsForItsEnd(`/agents/${id}`, "agent_purge");
  },
  "pipelines.purge": async () => {
    const path = await draftPipeline(company);
    await company.call("DELETE", path);
    await waitsForItsEnd(path, "pipeline_purge");
  },
  "telemetry.tell": async () => {
    await tracesSent();
    await stand(company.organization_id, "suspend");
    const deps = { ...stackPlatform(), outbound: { request: never }, random: () => 0 };
    await tell(told(company.organization_id, "run.completed", { run_id: "run_01JDQ4X0Z5V8W3N7K2M9R6T1BC" }), deps);
    await stand(company.organization_id, "restore");
  },
  "telemetry.again": async () => {
    await tracesSent();
    await stand(company.organization_id, "suspend");
    const deps = { ...stackPlatform(), outbound: { request: never }, random: () => 0 };
    const due = {
      tenant: company.organization_id,
      kind: "trace_export",
      ref: "run_01JDQ4X0Z5V8W3N7K2M9R6T1BC",
      at: "",
    };
    expect(await tellAgain(due, deps)).toBeUndefined();
    await stand(company.organization_id, "restore");
  },
  "invitations.mail": async () => {
    const { id } = await invited(company);
    await stand(company.organization_id, "suspend");
    const event = told(company.organization_id, "invitation.created", { invitation_id: id });
    await sendInvitation(event, { ...stackPlatform(), send: never, app_url: "https://app.example.com" });
    await stand(company.organization_id, "restore");
    expect((await company.call("POST", `/invitations/${id}/resend`)).status).toBe(200);
  },
  "approvals.mail": async () => {
    await addMember(company, "org_admin");
    const { id } = await pendingApproval(company);
    await stand(company.organization_id, "suspend");
    const event = told(company.organization_id, "approval.requested", { approval_id: id });
    const deps = { ...stackPlatform(), send: never, app_url: "https://app.example.com", randomSecret: () => "secret" };
    await mailApprovers(event, deps);
    await stand(company.organization_id, "restore");
  },
  "organizations.mail": async () => {
    const { organization_id, user_id } = company;
    await stand(organization_id, "suspend");
    const data = { name: "Acme", from_user_id: user_id, to_user_id: user_id };
    const event = told(organization_id, "organization.transfer_asked", data);
    await sendNotice(event, { table: stackTable(), send: never, app_url: "https://app.example.com" });
    await stand(organization_id, "restore");
  },
  "runs.launch": async () => {
    const { run, calls, deps } = await runOfSuspended();
    await launch(told(run.tenant, "run.started", { run_id: run.id }), deps);
    // Its first task asks, and ends it.
    expect(calls).toEqual([`start ${run.id}`]);
  },
  "runs.run_node": async () => {
    const { run } = await runOfSuspended();
    const { worked } = await drive(run, { work: never, denial: denialOf });
    expect([...worked]).toEqual([]);
    expect((await look(run)).run).toMatchObject({ status: "stopped", error: ENDED });
  },
  "runs.halt": async () => {
    const { run, deps } = await runOfSuspended();
    const event = told(run.tenant, "organization.suspended", {});
    await halt(event, deps);
    await halt(event, deps);
    const { run: ended, audit } = await look(run);
    expect(ended).toMatchObject({ status: "stopped", error: ENDED });
    expect(audit.map(({ action, outcome, actor }) => [action, outcome, actor.id])).toEqual([
      ["run.stopped", "denied", "organization_stop"],
    ]);
  },
  "schedules.due": async () => {
    const { id, next_at } = await scheduleOf(company);
    await stand(company.organization_id, "suspend");
    const deps = { table: stackTable(), blobs: blobs() };
    const at = new Date(next_at);
    expect(await comeDue(company, id, at, deps)).toEqual([addSeconds(at, 600)]);
    await stand(company.organization_id, "restore");
    expect(await firingsOf(company, id)).toEqual([]);
    await comeDue(company, id, addSeconds(at, 600), deps);
    expect(await firingsOf(company, id)).toMatchObject([{ status: "fired" }]);
  },
  "schedules.listen": async () => {
    const { id } = await scheduleOf(company, { trigger: { kind: "event", events: ["team.updated"] } });
    await stand(company.organization_id, "suspend");
    await hear(told(company.organization_id, "team.updated", {}), { table: stackTable(), blobs: blobs() });
    await stand(company.organization_id, "restore");
    expect(await firingsOf(company, id)).toEqual([]);
  },
  "suites.due": async () => {
    const job = await jobInSuspended();
    await lookAtJob({ tenant: company.organization_id, kind: suiteRunDue.kind, ref: job, at: "" }, workerDeps());
    await expectCancelled(job);
  },
  "suites.work": async () => {
    const job = await jobInSuspended();
    const data = { suite_run_id: job };
    await hearOfJob(told(company.organization_id, "suite.run_started", data), workerDeps());
    await expectCancelled(job);
  },
  "audit.stream_deliver": async () => {
    const world = new StreamWorld(await ownTable());
    await world.begin("suspended");
    const id = await world.stream();
    await world.log(2);
    for (let day = 0; day < 3; day++) {
      await world.comesDue(id);
      world.now = addSeconds(world.now, 86_400);
    }
    expect(world.requests).toEqual([]);
    await world.begin();
    await world.comesDue(id);
    expect(world.arrived).toEqual([[0, 1]]);
  },
  "gateways.checks": async () => {
    const world = new GatewayWorld(await ownTable());
    await world.begin("suspended");
    const id = await world.make();
    for (let day = 0; day < 3; day++) {
      await world.comesDue(id);
      world.now = addSeconds(world.now, 86_400);
    }
    expect(world.requests).toEqual([]);
    await world.begin();
    await world.comesDue(id);
    expect(world.requests).toHaveLength(1);
  },
  "deployments.hear": () => heldAndDeployed(),
  "deployments.work": () => heldAndDeployed(),
  "webhooks.attempt": () => heldAndDelivered(),
  "webhooks.resume": () => heldAndDelivered(),
};

/** What is to be deployed of an organization that is suspended is, once it is restored. */
async function heldAndDeployed(): Promise<void> {
  const world = await DeployWorld.of(await registerCompany());
  const { id } = await world.pending();
  const { writes } = world.own;
  await world.own.transact([writes.update(organizationItem, {}, { set: { status: "suspended" } })]);
  await world.settle(id);
  expect([world.asked, (await world.read(id)).status]).toEqual([[], "pending"]);
  await world.own.transact([writes.update(organizationItem, {}, { set: { status: "active" } })]);
  await world.work(id);
  expect((await world.read(id)).status).toBe("active");
}

/** A delivery of an organization that is suspended for three weeks is made once it is restored. */
async function heldAndDelivered(): Promise<void> {
  const receiver = await startReceiver();
  try {
    const world = new World();
    const webhook = await world.webhook(`${receiver.url}/hook`, ["agent.created"]);
    const settings = { ...UNSET, version: 1, retention: { delivery_days: 7 } };
    const { writes } = world.tenant;
    await world.tenant.transact([writes.update(organizationItem, {}, { set: { settings } })]);
    const event = await world.event("agent.created");
    await world.fanOut(event);
    await stand(world.organization_id, "suspend", world.table);
    await world.attempts.work(world.attempt);
    for (let day = 0; day < 21; day++) {
      const [due] = await world.due();
      if (due === undefined) throw new Error("nothing is due");
      world.now = new Date(Math.max(Date.parse(due.at), world.now.getTime()) + 86_400_000);
      await world.comeDue(due);
    }
    expect(receiver.received).toEqual([]);
    // It is kept for seven days only, and is there for as long as it is held all the same.
    expect((await world.deliveries(webhook.id)).every(({ expires_at }) => expires_at > timestamp(world.now))).toBe(
      true,
    );
    await stand(world.organization_id, "restore", world.table);
    const before = world.attempts.messages.length;
    await resume(told(world.organization_id, "organization.restored", {}), world.deps);
    expect(world.attempts.messages.length).toBe(before + 1);
    await world.attempts.work(world.attempt);
    expect(receiver.received).toHaveLength(1);
    const [delivery] = await world.deliveries(webhook.id);
    expect(delivery).toMatchObject({ status: "succeeded", attempt_count: 1 });
    expect(await world.due()).toEqual([]);
  } finally {
    await receiver.close();
  }
}

const background = rooms.flatMap((room) =>
  Object.entries(room.functions).flatMap(([name, { trigger }]) =>
    "suspended" in trigger ? [{ name: `${room.name}.${name}`, suspended: trigger.suspended }] : [],
  ),
);

describe("what no request calls, in an organization that is suspended,", () => {
  it("has a row here where it does more than finish what was begun", () => {
    const named = background.filter(({ suspended }) => suspended !== "goes_on").map(({ name }) => name);
    expect(Object.keys(rows).sort()).toEqual(named.sort());
  });

  it.each(Object.entries(rows))("%s", (_, row) => row());
});

it("nobody joins an organization that is not active, and the same link works once it is restored", async () => {
  const [host, guest] = await Promise.all([registerCompany(), registerCompany()]);
  const { id } = await invited(host, guest.email);
  const token = await linkOf(host, id);
  const accept = () => guest.call("POST", "/invitations/accept", { token });
  for (const [move, undo] of [
    ["suspend", "restore"],
    ["delete", "restore"],
  ] as const) {
    await stand(host.organization_id, move);
    expect((await accept()).status).toBe(404);
    await stand(host.organization_id, undo);
  }
  expect((await accept()).status).toBe(200);
});
