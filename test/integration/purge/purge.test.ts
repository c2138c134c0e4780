import { S3Client } from "@aws-sdk/client-s3";
import { beforeAll, describe, expect, inject, it } from "vitest";
import { purgedAgent } from "../../../functions/agents/purge/purge.ts";
import { agentPurge } from "../../../functions/agents/store.ts";
import { toolPinsItem } from "../../../functions/agents/tools/pins.ts";
import { purgedPipeline } from "../../../functions/pipelines/purge/purge.ts";
import { pipelinePurge } from "../../../functions/pipelines/store.ts";
import * as sdk from "../../../shared/blobs/lazy/s3.ts";
import { createFiles } from "../../../shared/blobs/s3.ts";
import { addSeconds } from "../../../shared/clock.ts";
import { dueWorker } from "../../../shared/due/work.ts";
import type { Table } from "../../../shared/dynamo/table.ts";
import { organizationItem } from "../../../shared/identity/items.ts";
import { purgeWork } from "../../../shared/purge/purge.ts";
import { agentNode, agentOf, chain, draftPipeline } from "../../e2e/pipelines/graphs.ts";
import { createAgent } from "../../support/agents.ts";
import { type Company, registerCompany, unique } from "../../support/api.ts";
import { dueOf } from "../../support/due.ts";
import { Crash, faultyTable, onWrites } from "../../support/faulty-table.ts";
import { tracesOf } from "../../support/leftovers.ts";
import { awsConfig, stackTable } from "../../support/stack.ts";
import { places } from "../../support/thorough.ts";

let company: Company;
beforeAll(async () => {
  company = await registerCompany();
  const tenant = stackTable().of(company.organization_id);
  await tenant.transact([tenant.writes.update(organizationItem, {}, { set: { plan: "enterprise" } })]);
});

const send = async (method: string, path: string, body?: unknown, status = 200) => {
  const answer = await company.call(method, path, body);
  expect(answer.status, `${method} ${path}: ${answer.text}`).toBe(status);
  return answer.body;
};
const files = () =>
  createFiles(sdk, new S3Client({ ...awsConfig(), forcePathStyle: true }), inject("stack").outputs.BucketName ?? "");
const due = async (id: string) => (await dueOf(company.organization_id)).find(({ ref }) => ref === id);

/** What the deployed functions do when the thing is due, at the time for which it is due or at another. */
async function comeDue(id: string, now?: Date, table: Table = stackTable()): Promise<void> {
  const item = await due(id);
  if (item === undefined) return;
  const deps = { table, clock: { now: () => now ?? new Date(item.at) }, files: files() };
  const works = {
    [agentPurge.kind]: purgeWork(purgedAgent, deps),
    [pipelinePurge.kind]: purgeWork(purgedPipeline, deps),
  };
  await dueWorker(table, works)(item);
}

/** An agent with everything that one can have, in the bucket too. */
async function fullAgent(): Promise<string> {
  const workspace_ids = [company.workspace_id];
  const path = `/agents/${(await createAgent(company, { system_prompt: "p".repeat(6_000), workspace_ids })).id}`;
  await send("POST", `${path}/contexts`, { name: "Text", content_type: "text", content: "t".repeat(20_000) }, 201);
  const config = { parameters: { type: "object", properties: {} }, expression: "1" };
  await send("POST", `${path}/tools`, { name: "one", description: "One.", tool_type: "function", config }, 201);
  await send("POST", `${path}/activate`, {});
  await send("POST", `${path}/threads`, {}, 201);
  await send("PATCH", path, { system_prompt: "q".repeat(30_000) });
  await send("POST", `${path}/versions`, {}, 201);
  const { id, tools } = await send("GET", path);
  const pins = { agent_id: id, tool_id: tools[0].id, version: 0, server: "https://example.com", pins: {}, etag: "a" };
  const tenant = stackTable().of(company.organization_id);
  await tenant.apply(toolPinsItem, tenant.writes.create(toolPinsItem, pins));
  return path;
}

async function fullPipeline(): Promise<string> {
  const path = await draftPipeline(company, { workspace_ids: [company.workspace_id] });
  const agent_id = await agentOf(company);
  const graph = chain([agent_id, await agentOf(company)]);
  await send("PUT", `${path}/graph`, graph);
  const long = agentNode("agent-1", agent_id, { system_prompt_override: "x".repeat(20_000) });
  await send("PUT", `${path}/graph`, {
    ...graph,
    nodes: graph.nodes.map((node) => (node.id === long.id ? long : node)),
  });
  await send("PUT", `${path}/layout`, { positions: { "agent-1": { x: 1, y: 2 } } });
  await send("POST", `${path}/graph/uploads`, { bytes: 10 }, 201);
  await send("POST", `${path}/activate`, {});
  return path;
}

/** What may speak of it afterwards, each with an end of its own. */
const LASTING = ["audit_entry", "event"];

const nouns = [
  { noun: "agent", kind: "agent_purge", make: fullAgent },
  { noun: "pipeline", kind: "pipeline_purge", make: fullPipeline },
] as const;

describe.each(nouns)("an archived $noun", ({ noun, kind, make }) => {
  const idOf = (path: string) => path.split("/").at(-1) ?? "";
  const archived = async () => {
    const path = await make();
    await send("DELETE", path, undefined, 204);
    return { path, id: idOf(path) };
  };
  const read = (path: string) => company.call("GET", path);

  it("can be restored for 30 days, says until when, and is then due no more", async () => {
    const { path, id } = await archived();
    const { body } = await read(path);
    expect(Date.parse(body.purge_at) - Date.parse(body.archived_at)).toBe(30 * 86_400_000);
    expect(await due(id)).toMatchObject({ kind, at: body.purge_at });
    await comeDue(id, addSeconds(new Date(body.purge_at), -60));
    expect((await read(path)).body.status).toBe("archived");
    expect(await send("POST", `${path}/restore`)).toMatchObject({ status: "draft", archived_at: null, purge_at: null });
    expect(await due(id)).toBeUndefined();
  });

  it("leaves nothing when its time is over: no item, no file, nothing due, and is told and on record", async () => {
    const { path, id } = await archived();
    const full = await tracesOf(id);
    expect(full.files.length).toBeGreaterThan(0);
    expect(full.types.length).toBeGreaterThan(5);
    await comeDue(id);
    const leaving = await read(path);
    expect(leaving.body).toMatchObject({ status: "purging", workspace_ids: [] });
    const refused = await company.call("POST", `${path}/restore`);
    expect([refused.status, refused.body.state]).toEqual([409, "purging"]);
    // What was under way when it was claimed has time to end.
    expect(Date.parse((await due(id))?.at ?? "") - Date.parse(full.types.length > 0 ? leaving.body.purge_at : "")).toBe(
      0,
    );
    await comeDue(id);
    expect((await read(path)).status).toBe(404);
    const left = await tracesOf(id);
    expect(left.files).toEqual([]);
    expect(left.types.filter((type) => !LASTING.includes(type))).toEqual([]);
    const { items } = await send("GET", `/audit/logs?resource_type=${noun}&resource_id=${id}&limit=100`);
    const purged = items.filter(({ action }: { action: string }) => action === `${noun}.purged`);
    expect(purged).toHaveLength(1);
    expect(purged[0].actor).toEqual({ type: "system", id: kind });
  });

  it("is restored or erased, never half, when both happen at the same moment", async () => {
    for (let i = 0; i < 4; i++) {
      const { path, id } = await archived();
      const [restored] = await Promise.all([company.call("POST", `${path}/restore`), comeDue(id)]);
      const { status, purge_at } = (await read(path)).body;
      const seen = [restored.status, status, purge_at === null, (await due(id)) === undefined];
      expect([
        [200, "draft", true, true],
        [409, "purging", false, false],
      ]).toContainEqual(seen);
    }
  });

  it("is erased to the end, and told of once, wherever its worker dies", async () => {
    const first = await archived();
    let writes = 0;
    const counting = faultyTable(onWrites(() => void writes++));
    for (let step = 0; step < 2; step++) await comeDue(first.id, undefined, counting);
    expect(writes).toBeGreaterThanOrEqual(5);
    for (const place of places(writes, 3)) {
      for (const fault of ["before", "after"] as const) {
        const { id } = await archived();
        let met = 0;
        const dying = faultyTable(onWrites(() => (++met === place ? fault : undefined)));
        for (let step = 0; step < 6 && (await due(id)) !== undefined; step++)
          await comeDue(id, undefined, dying).catch((error: unknown) => {
            if (!(error instanceof Crash)) throw error;
          });
        const left = await tracesOf(id);
        expect([place, fault, left.files, left.types.filter((type) => !LASTING.includes(type))]).toEqual([
          place,
          fault,
          [],
          [],
        ]);
        const { items } = await send("GET", `/audit/logs?resource_type=${noun}&resource_id=${id}&limit=100`);
        expect(items.filter(({ action }: { action: string }) => action === `${noun}.purged`)).toHaveLength(1);
      }
    }
  }, 600_000);
});

describe("an agent that was archived by force", () => {
  it("stays while an active pipeline refers to it, and is erased when none does any more", async () => {
    const agent_id = await agentOf(company);
    const path = await draftPipeline(company);
    await send("PUT", `${path}/graph`, chain([agent_id, await agentOf(company)]));
    await send("POST", `${path}/activate`, {});
    await send("POST", `/agents/${agent_id}/archive`, { force: true });
    const { purge_at } = await send("GET", `/agents/${agent_id}`);
    await comeDue(agent_id);
    const held = await send("GET", `/agents/${agent_id}`);
    expect(held.status).toBe("archived");
    expect(Date.parse(held.purge_at) - Date.parse(purge_at)).toBe(86_400_000);
    expect((await due(agent_id))?.at).toBe(held.purge_at);
    await send("POST", `${path}/deactivate`, {});
    for (let step = 0; step < 2; step++) await comeDue(agent_id);
    expect((await company.call("GET", `/agents/${agent_id}`)).status).toBe(404);
    const { errors } = await send("POST", `${path}/validate`, {});
    expect(errors.map(({ code }: { code: string }) => code)).toEqual(["agent_not_found"]);
  });
});

describe("a text for an agent that is archived or not there", () => {
  it("is refused before it is a file", async () => {
    const { id } = await createAgent(company);
    await send("DELETE", `/agents/${id}`, undefined, 204);
    const nobody = `${id.slice(0, -1)}${id.endsWith("0") ? "1" : "0"}`;
    const body = { name: "Text", content_type: "text", content: unique("long").repeat(2_000) };
    for (const [agent, status] of [
      [id, 409],
      [nobody, 404],
    ] as const) {
      await send("POST", `/agents/${agent}/contexts`, body, status);
      expect((await tracesOf(agent)).files).toEqual([]);
    }
  });
});
