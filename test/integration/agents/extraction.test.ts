import { beforeAll, expect, it } from "vitest";
import { extractContext } from "../../../functions/agents/consumers.ts";
import type { Taken } from "../../../functions/agents/contexts/extraction/rules/failures.ts";
import { endOverdue } from "../../../functions/agents/contexts/overdue.ts";
import { agentContextItem, contextOverdue, type StoredContext } from "../../../functions/agents/store.ts";
import { addSeconds } from "../../../shared/clock.ts";
import { dueItem } from "../../../shared/due/item.ts";
import { PLATFORM } from "../../../shared/identity/items.ts";
import { silentLog } from "../../../shared/observability/log.ts";
import { createAgent } from "../../support/agents.ts";
import { type Company, registerCompany } from "../../support/api.ts";
import { stackTable } from "../../support/stack.ts";
import { eventTypesOf } from "../../support/traces.ts";
import { blobs } from "../runs/harness.ts";

let company: Company;
beforeAll(async () => {
  company = await registerCompany();
});

const table = () => stackTable().of(company.organization_id);

/** A file that was uploaded and waits for its text; the event that asks for it. */
async function uploaded() {
  const { id: agent_id } = await createAgent(company);
  const path = `/agents/${agent_id}`;
  const file = { filename: "a.pdf", media_type: "application/pdf", size_bytes: 9 };
  const { body } = await company.call("POST", `${path}/contexts`, { name: "file", content_type: "file", file });
  const key = { agent_id, id: String(body.id) };
  const set = (fields: Partial<StoredContext>) =>
    table().transact([table().writes.update(agentContextItem, key, { set: fields })]);
  await set({ status: "processing", attempt: "one" });
  const event = {
    id: "evt_01JDQ4X0Z5V8W3N7K2M9R6T1BC",
    type: "agent.context_uploaded",
    version: 1,
    organization_id: company.organization_id,
    actor: { type: "system" as const, id: "test" },
    occurred_at: new Date().toISOString(),
    trace_id: "trace",
    data: { agent_id, context_id: key.id, media_type: file.media_type, upload: "one" },
  };
  return { path, own: `${path}/contexts/${key.id}`, set, event };
}

const worker = (read: () => Promise<Taken>) => {
  const done = { reads: 0, forgotten: 0 };
  const deps = {
    table: stackTable(),
    blobs: blobs(),
    clock: { now: () => new Date() },
    log: silentLog,
    textOf: async () => {
      done.reads++;
      return read();
    },
    forget: async () => void done.forgotten++,
  };
  return { done, deps };
};

const text = async (): Promise<Taken> => ({ ok: true, text: "[page 1]\nHello", truncated: false });

it("a file is read once, however often its event comes, and tells of it once", async () => {
  const { own, event } = await uploaded();
  const { done, deps } = worker(text);
  const before = (await eventTypesOf(company)).filter((type) => type === "agent.context_changed").length;
  await Promise.all([extractContext(event, deps), extractContext(event, deps)]);
  await extractContext(event, deps);
  expect(done.reads).toBeLessThanOrEqual(2);
  expect((await company.call("GET", own)).body).toMatchObject({ status: "ready", content: "[page 1]\nHello" });
  const after = (await eventTypesOf(company)).filter((type) => type === "agent.context_changed").length;
  expect(after - before).toBe(1);
});

it("what another upload has superseded meanwhile is dropped", async () => {
  const { own, set, event } = await uploaded();
  const { done, deps } = worker(async () => {
    await set({ status: "pending", attempt: "two" });
    return text();
  });
  await extractContext(event, deps);
  expect(done).toEqual({ reads: 1, forgotten: 1 });
  expect((await company.call("GET", own)).body).toMatchObject({ status: "pending", content: null });
});

it("a worker that dies leaves it as it was, and the next attempt reads it", async () => {
  const { own, event } = await uploaded();
  const broken = worker(() => Promise.reject(new Error("ended in between")));
  await expect(extractContext(event, broken.deps)).rejects.toThrow("ended in between");
  expect(broken.done.forgotten).toBe(0);
  expect((await company.call("GET", own)).body.status).toBe("processing");
  await extractContext(event, worker(text).deps);
  expect((await company.call("GET", own)).body.status).toBe("ready");
});

it("a file that is removed, or whose agent is archived, while it is read leaves nothing behind", async () => {
  for (const end of [(one: { own: string }) => one.own, (one: { path: string }) => one.path]) {
    const one = await uploaded();
    const { done, deps } = worker(async () => {
      expect((await company.call("DELETE", end(one))).status).toBe(204);
      return text();
    });
    await extractContext(one.event, deps);
    expect(done.forgotten).toBe(1);
    const kept = await table().get(agentContextItem, {
      agent_id: one.event.data.agent_id,
      id: one.event.data.context_id,
    });
    expect(kept?.content ?? null).toBeNull();
  }
});

it("a version that was made while a file was read gives it back as one that did not arrive", async () => {
  const { path, own, event } = await uploaded();
  expect((await company.call("POST", `${path}/versions`)).status).toBe(201);
  await extractContext(event, worker(text).deps);
  expect((await company.call("GET", own)).body.status).toBe("ready");
  expect((await company.call("POST", `${path}/versions/1/rollback`)).status).toBe(200);
  expect((await company.call("GET", own)).body).toMatchObject({ status: "failed", error: { code: "incomplete" } });
});

const late = (agent_id: string, context_id: string, attempt: string) => ({
  tenant: company.organization_id,
  kind: contextOverdue.kind,
  ref: `${agent_id}/${context_id}/${attempt}`,
  at: "",
});

it("a file whose worker died for good has failed after a while, says what to do, and is mended by another upload", async () => {
  const { own, event } = await uploaded();
  const { agent_id, context_id } = event.data;
  const { deps } = worker(text);
  expect(await endOverdue(late(agent_id, context_id, "one"), deps)).toBeUndefined();
  const { body } = await company.call("GET", own);
  expect(body).toMatchObject({
    status: "failed",
    error: { code: "extract_stalled", message: expect.stringContaining("Upload it again") },
  });
  // Who comes after all is too late, and so is the message that comes twice.
  await extractContext(event, deps);
  await endOverdue(late(agent_id, context_id, "one"), deps);
  expect((await company.call("GET", own)).body.updated_at).toBe(body.updated_at);
  const file = { filename: "a.txt", media_type: "text/plain", size_bytes: 2 };
  expect((await company.call("POST", `${own}/upload`, file)).status).toBe(201);
});

it("what is read in time, or waits for another upload, is left alone", async () => {
  const { own, event, set } = await uploaded();
  const { agent_id, context_id } = event.data;
  const { deps } = worker(text);
  await extractContext(event, deps);
  await endOverdue(late(agent_id, context_id, "one"), deps);
  expect((await company.call("GET", own)).body.status).toBe("ready");
  await set({ status: "pending", attempt: "two" });
  await endOverdue(late(agent_id, context_id, "one"), deps);
  expect((await company.call("GET", own)).body.status).toBe("pending");
});

it("an archived agent's file is looked at again another day, and has failed once that is restored", async () => {
  const { path, own, event } = await uploaded();
  const { agent_id, context_id } = event.data;
  const now = new Date();
  const deps = { ...worker(text).deps, clock: { now: () => now } };
  expect((await company.call("DELETE", path)).status).toBe(204);
  expect(await endOverdue(late(agent_id, context_id, "one"), deps)).toEqual(addSeconds(now, 86_400));
  expect((await company.call("POST", `${path}/restore`)).status).toBe(200);
  expect(await endOverdue(late(agent_id, context_id, "one"), deps)).toBeUndefined();
  expect((await company.call("GET", own)).body).toMatchObject({ status: "failed", error: { code: "extract_stalled" } });
});

it("each work that is asked for is looked after in its own transaction", async () => {
  const { id: agent_id } = await createAgent(company);
  const url = "https://pages.example.com/";
  const { body } = await company.call("POST", `/agents/${agent_id}/contexts`, {
    name: "page",
    content_type: "url",
    url,
  });
  const { attempt } = (await table().get(agentContextItem, { agent_id, id: String(body.id) })) ?? {};
  expect(attempt).toEqual(expect.any(String));
  const ref = `${agent_id}/${body.id}/${attempt}`;
  const due = await stackTable()
    .of(PLATFORM)
    .get(dueItem, { tenant: company.organization_id, kind: contextOverdue.kind, ref });
  expect(Date.parse(due?.at ?? "") - Date.parse(String(body.created_at))).toBe(3_600_000);
});
