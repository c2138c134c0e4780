import { beforeAll, describe, expect, inject, it } from "vitest";
import { textIndexItem } from "../../../functions/agents/retrieval/store.ts";
import { askedOf, createAgent, scriptedModel } from "../../support/agents.ts";
import { type Company, eventually, registerCompany, unique } from "../../support/api.ts";
import { stackTable } from "../../support/stack.ts";

let company: Company;
let model_id: string;
beforeAll(async () => {
  company = await registerCompany();
  model_id = await scriptedModel(company);
});

/** Words of their own, so that this text is like no other's. */
const filler = (i: number) => `Chapter${i} tells of matter${i} and of thing${i} at length. `.repeat(45);

const SECRET = "The harbour crane of Lisbon lifts ninety tonnes.";

/** An agent that knows twenty texts, in one of which a sentence stands, and is given those that are like the message. */
async function learned(more: Record<string, unknown> = {}) {
  const agent = await createAgent(company, { model_id, retrieval: { budget_tokens: 5_000, ...more } });
  const path = `/agents/${agent.id}`;
  const ids: string[] = [];
  for (let i = 0; i < 20; i++) {
    const content = i === 7 ? `# Cranes\n\n${filler(i)}\n\n${SECRET}\n\n${filler(i)}` : filler(i);
    const { body } = await company.call("POST", `${path}/contexts`, {
      name: `text ${i}`,
      content_type: "text",
      content,
    });
    ids.push(String(body.id));
  }
  const ready = () => eventually(async () => (await state(path)).status === "ready" || undefined, "indexed");
  await ready();
  return { path, ids, ready };
}

const state = async (path: string) => (await company.call("GET", `${path}/retrieval`)).body;
const ask = (path: string, message: string) => company.call("POST", `${path}/execute`, { message });

describe("an agent whose contexts are more than its budget", () => {
  it("is given the passages that are like the message, each with an id, and its answer says which", async () => {
    const { path, ids, ready } = await learned();
    expect(await state(path)).toMatchObject({ searched: true, budget_bytes: 15_000, status: "ready" });
    const asked = `${unique("Which")} harbour crane of Lisbon lifts tonnes, at length?`;
    const { body, status } = await ask(path, asked);
    expect(status).toBe(200);
    expect(body.retrieved).toHaveLength(8);
    const [best] = body.retrieved;
    expect(best).toMatchObject({ context_id: ids[7], cited: false });
    expect(best.chunk_id).toMatch(new RegExp(`^${ids[7]}\\.[0-9a-f]{12}\\.\\d+$`));
    expect(body.content).toContain("lifts ninety tonnes");
    const prompts = (await askedOf(asked)).flatMap(({ body: { messages } }) => messages?.[0].content ?? []);
    expect(prompts).toEqual([expect.stringContaining(`<passage id="${best.chunk_id}" source="text 7, Cranes">`)]);
    expect(body.contexts.filter(({ included }: { included: string }) => included === "part").length).toBeGreaterThan(0);
    expect(body.usage.tokens_in).toBeGreaterThan(0);

    const cited = await ask(path, `[[say:See [${best.chunk_id}].]] harbour crane of Lisbon tonnes`);
    expect(cited.body.retrieved[0]).toMatchObject({ chunk_id: best.chunk_id, cited: true });

    // What has changed is found once it is indexed, and what it was is not.
    const own = `${path}/contexts/${ids[7]}`;
    await company.call("PATCH", own, { content: `${filler(7)}\n\nThe harbour crane of Lisbon was sold to Porto.` });
    await ready();
    const changed = await ask(path, "harbour crane of Lisbon");
    expect(changed.body.content).toContain("sold to Porto");
    expect(changed.body.content).not.toContain("ninety tonnes");

    // What is removed is gone with the next call.
    await company.call("DELETE", own);
    const gone = await ask(path, "harbour crane of Lisbon");
    expect(gone.status).toBe(200);
    expect(gone.body.content).not.toContain("Porto");
    expect(JSON.stringify(gone.body.retrieved)).not.toContain(ids[7]);
  });

  it("tells the same of a run's step", async () => {
    const { path, ids } = await learned();
    expect((await company.call("POST", `${path}/activate`)).status).toBe(200);
    const started = await company.call("POST", `${path}/runs`, { input: { message: "harbour crane of Lisbon" } });
    expect(started.status).toBe(202);
    const run = `/runs/${started.body.id}`;
    await eventually(
      async () => (await company.call("GET", run)).body.status === "completed" || undefined,
      "completed",
    );
    const { items } = (await company.call("GET", `${run}/steps`)).body;
    const step = items.find(({ kind }: { kind: string }) => kind === "agent");
    expect(step.retrieved[0]).toMatchObject({ context_id: ids[7], cited: false });
  });

  it("is refused for good where indexing has failed; a version is told and asked for by its number", async () => {
    const model = "openai/text-embedding-3-small";
    const agent = await createAgent(company, { model_id, retrieval: { mode: "always", model_id: model } });
    const path = `/agents/${agent.id}`;
    const text = { name: "text", content_type: "text", content: filler(1) };
    expect((await company.call("POST", `${path}/contexts`, text)).status).toBe(201);
    const of = (status: string, query: string) =>
      eventually(
        async () => (await company.call("GET", `${path}/retrieval${query}`)).body.status === status || undefined,
        status,
      );
    const table = stackTable().of(company.organization_id);
    const indexed = async () => {
      for await (const item of table.all(textIndexItem, { of: { agent_id: agent.id } })) return item;
      return undefined;
    };
    // Each of the two events is an attempt of its own: while the second is made, the index is pending again.
    const failed = (before?: string) =>
      eventually(async () => {
        const item = await indexed();
        return item?.status === "failed" && item.claim !== before ? item : undefined;
      }, "another attempt has failed");
    const first = await failed();
    expect((await company.call("POST", `${path}/activate`)).status).toBe(200);
    const item = await failed(first.claim);
    await of("failed", "?version=1");
    const refused = await ask(path, unique("matter"));
    expect(refused.status).toBe(409);
    expect(refused.headers.get("retry-after")).toBeNull();
    expect(refused.body).toMatchObject({ state: "retrieval_not_ready", detail: expect.stringContaining("No key") });

    // Whoever is at it keeps it.
    const claim = { status: "pending", claim: "another", claimed_until: "9999-01-01T00:00:00.000Z" } as const;
    await table.transact([
      table.writes.put(textIndexItem, { ...item, ...claim, updated_at: new Date().toISOString() }),
    ]);
    const index = `${path}/retrieval/index`;
    expect((await company.call("POST", index)).body).toMatchObject({ version: null, status: "pending" });
    expect(await table.get(textIndexItem, item)).toMatchObject(claim);
    await table.transact([table.writes.put(textIndexItem, item)]);

    const base_url = `${inject("stack").modelServerUrl}/v1`;
    const stored = await company.call("PUT", "/models/providers/openai", {
      base_url,
      api_key: "scripted-key-0123456789",
    });
    expect(stored.status).toBe(200);
    const asked = await company.call("POST", `${index}?version=1`);
    expect(asked.status).toBe(202);
    expect(asked.body).toMatchObject({ version: 1, status: "pending" });
    await of("ready", "?version=1");
    const [{ chunks }] = (await company.call("GET", `${path}/retrieval?version=1`)).body.contexts;
    const message = `${unique("of")} matter1 and thing1`;
    const { body, status } = await company.call("POST", `${path}/execute`, { message, version: 1 });
    expect({ status, retrieved: body.retrieved.length }).toEqual({ status: 200, retrieved: chunks });

    expect((await company.call("GET", `${path}/retrieval?version=9`)).status).toBe(404);
    const off = await company.call("PATCH", path, { retrieval: { mode: "off", model_id: model } });
    expect(off.status).toBe(200);
    // The active version is searched nevertheless.
    expect((await company.call("POST", index)).body).toMatchObject({ version: 1, status: "ready" });
    expect((await company.call("POST", `${path}/deactivate`)).status).toBe(200);
  });
});

describe("a change of how contexts are searched", () => {
  it("leaves what it does not name", async () => {
    const own = { mode: "off", model_id: "amazon-bedrock/cohere-embed-v4", top_k: 5, budget_tokens: 7_000 };
    const agent = await createAgent(company, { model_id, retrieval: own });
    const changed = await company.call("PATCH", `/agents/${agent.id}`, { retrieval: { top_k: 3 } });
    expect(changed.status).toBe(200);
    expect(changed.body.retrieval).toEqual({ ...own, top_k: 3 });
    const same = await company.call("PATCH", `/agents/${agent.id}`, { retrieval: {} });
    expect(same.body.etag).toBe(changed.body.etag);
    expect(same.body.retrieval).toEqual({ ...own, top_k: 3 });
  });

  it("names a model for embeddings: another is refused, when an agent is made and when it is changed", async () => {
    const retrieval = { model_id: "openai/gpt-4o" };
    const agent = await createAgent(company, { model_id });
    const refused = [
      await company.call("POST", "/agents", { name: unique("Agent"), agent_type: "chat", model_id, retrieval }),
      await company.call("PATCH", `/agents/${agent.id}`, { retrieval }),
    ];
    for (const { status, body } of refused) {
      expect(status).toBe(422);
      expect(body).toMatchObject({ code: "unknown_model", issues: [{ path: "retrieval.model_id" }] });
    }
  });
});
