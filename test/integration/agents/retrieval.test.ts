import { S3Client } from "@aws-sdk/client-s3";
import { beforeAll, describe, expect, inject, it } from "vitest";
import * as z from "zod";
import { foundAgent, NO_PARTS, newAgent } from "../../../functions/agents/definition/found.ts";
import { contentOf } from "../../../functions/agents/definition/views.ts";
import { newDefinition, type Retrieval } from "../../../functions/agents/model.ts";
import { wholeAgent } from "../../../functions/agents/resources.ts";
import { IndexCache } from "../../../functions/agents/retrieval/cache.ts";
import { indexOf } from "../../../functions/agents/retrieval/embedding.ts";
import { type IndexDeps, indexAgent } from "../../../functions/agents/retrieval/indexing.ts";
import { searchContexts } from "../../../functions/agents/retrieval/search.ts";
import { retrievalState, workingCopy } from "../../../functions/agents/retrieval/state.ts";
import { textIndexItem } from "../../../functions/agents/retrieval/store.ts";
import { agentContextItem, agentItem, type StoredAgent } from "../../../functions/agents/store.ts";
import { type EmbeddingResult, type ModelInvoker, modelError, resolveModel } from "../../../functions/models/public.ts";
import { modelProviderItem } from "../../../functions/models/store.ts";
import { monthUsage } from "../../../functions/usage/store.ts";
import * as sdk from "../../../shared/blobs/lazy/s3.ts";
import { versionFiles } from "../../../shared/blobs/purposes.ts";
import { createFiles } from "../../../shared/blobs/s3.ts";
import { addSeconds } from "../../../shared/clock.ts";
import { organizationItem } from "../../../shared/identity/items.ts";
import { newId } from "../../../shared/ids.ts";
import { plans } from "../../../shared/limits/plans.ts";
import { faultyTable } from "../../support/faulty-table.ts";
import { organizationNamed } from "../../support/organization.ts";
import { awsConfig, stackPlatform, stackTable } from "../../support/stack.ts";
import { blobs } from "../runs/harness.ts";

const MODEL = "lab/numbers";

// Beside the API: the deployed worker hears of nothing here.
const tenant = newId("organization", new Date());
const maker = { tenant, actor: { type: "system", id: "test" }, at: new Date() } as const;
const own = () => stackTable().of(tenant);
const files = () =>
  createFiles(sdk, new S3Client({ ...awsConfig(), forcePathStyle: true }), inject("stack").outputs.BucketName ?? "");

/** The write that stores a provider whose model `numbers` is this one of its server. */
const provider = (name: string, provider_model_id: string, base_url = "https://models.example.com/v1", of = own()) =>
  of.writes.put(modelProviderItem, {
    name,
    type: "openai_compatible",
    display_name: "Lab",
    base_url,
    resource_name: null,
    api_version: null,
    deployment: null,
    api_key_last4: null,
    models: [{ name: "numbers", kind: "embedding", provider_model_id, price: { input: 1_000_000, output: 1_000_000 } }],
    updated_at: maker.at.toISOString(),
    organization_id: of.tenant,
    sealed_api_key: null,
    created_at: maker.at.toISOString(),
    etag: "e",
  });

beforeAll(async () => {
  const { writes } = own();
  await own().transact([writes.put(organizationItem, organizationNamed(tenant)), provider("lab", "numbers")]);
});

/** Pieces of 1,000 letters, each about one thing. */
const paragraph = (word: string) => `${`${word} `.repeat(1_000 / (word.length + 1)).trim()}\n\n`;
const WORDS = ["apple", "berry", "cherry", "dates", "elder", "figgy"];
const numbersOf = (text: string) =>
  Float32Array.from(WORDS, (word) =>
    text.includes(word) ? 1 / Math.sqrt(WORDS.filter((w) => text.includes(w)).length) : 0,
  );

type Answer = (texts: readonly string[]) => EmbeddingResult | Promise<EmbeddingResult>;
const good: Answer = (texts) => ({ ok: true, vectors: texts.map(numbersOf), calls: [] });
const failing =
  (code: Parameters<typeof modelError>[0]): Answer =>
  () => ({ ok: false, error: modelError(code), calls: [] });

/** A worker with a model of its own. */
function worker(answer: Answer = good, now = () => new Date()) {
  const embedded: string[] = [];
  const pauses: number[] = [];
  const invoker: ModelInvoker = {
    generate: async () => Promise.reject(new Error("nobody is asked")),
    // biome-ignore lint/correctness/useYield: nobody is asked
    async *stream() {
      throw new Error("nobody is asked");
    },
    embed: async ({ texts, meter, number }) => {
      const call = await meter.open({ number, tokens_in: 100, tokens_out: 0, request: {} });
      const result = await answer(texts);
      if (result.ok) embedded.push(...texts);
      await call.close(result.ok ? { tokens_in: texts.length, tokens_out: 0, estimated: false } : undefined);
      return result;
    },
  };
  const told: string[] = [];
  const deps: IndexDeps = {
    ...stackPlatform({ now }),
    // The deployed worker must not hear of it.
    table: faultyTable((_, input) => {
      const { TransactItems: items = [] } = input as { TransactItems?: { Put?: { Item?: { envelope?: string } } }[] };
      const events = items.filter(({ Put }) => Put?.Item?.envelope !== undefined);
      told.push(...events.map(({ Put }) => String(JSON.parse(Put?.Item?.envelope ?? "{}").type)));
      items.splice(0, items.length, ...items.filter((item) => !events.includes(item)));
      return undefined;
    }),
    blobs: blobs(),
    files: files(),
    invoker,
    pause: async (ms) => void pauses.push(ms),
  };
  return { embedded, pauses, told, deps };
}

/** An agent that knows these texts. */
async function knowing(...texts: string[]) {
  const agent_id = newId("agent", maker.at);
  const retrieval = (model_id: string): Retrieval => ({ mode: "always", model_id, top_k: 2, budget_tokens: 100 });
  const definition = z.object(newDefinition).parse({ name: agent_id, agent_type: "chat", model_id: "lab/none" });
  const fields = { ...definition, retrieval: retrieval(MODEL), system_prompt: { inline: "" }, workspace_ids: [] };
  await own().transact(foundAgent(stackTable(), maker, newAgent(maker, agent_id, fields, NO_PARTS)));
  const learn = async (content: string, id = newId("agent_context", new Date())) => {
    const at = new Date();
    await own().transact([
      own().writes.put(agentContextItem, {
        id,
        agent_id,
        name: "c",
        content_type: "text",
        is_active: true,
        status: "ready",
        error: null,
        url: null,
        file: null,
        content: await blobs().store(versionFiles(tenant, agent_id), content, 8_000),
        content_bytes: Buffer.byteLength(content),
        truncated: false,
        fetched_at: null,
        attempt: null,
        created_at: at.toISOString(),
        updated_at: at.toISOString(),
        etag: "e",
      }),
    ]);
    return id;
  };
  const contexts: string[] = [];
  for (const content of texts) contexts.push(await learn(content));
  const event = {
    id: "evt_01JDQ4X0Z5V8W3N7K2M9R6T1BC",
    type: "agent.index_requested",
    version: 1,
    organization_id: tenant,
    actor: { type: "system" as const, id: "test" },
    occurred_at: maker.at.toISOString(),
    trace_id: "trace",
    data: { agent_id, version: null },
  };
  const whole = () => wholeAgent(own(), agent_id);
  const state = async (at = new Date()) => {
    const it = await whole();
    const { model_id } = it.agent.retrieval;
    const index = indexOf(model_id, await resolveModel(stackTable(), tenant, model_id, at, "embedding"));
    return retrievalState(own(), workingCopy(it), index, at);
  };
  /** What a call of the agent as it is now finds. */
  const found = async (message: string, deps = worker().deps) => {
    const { agent, parts } = await whole();
    return searchContexts(
      { ...contentOf(agent, "", parts), organization_id: tenant, agent_id, version: null },
      {
        message,
        plan: "free",
        actor: { type: "system", id: "test" },
        work: { kind: "execute", id: newId("execution", new Date()) },
        timeout_ms: 5_000,
        run_id: null,
      },
      deps,
      new IndexCache(),
    );
  };
  const set = (change: Partial<StoredAgent>) =>
    own().transact([own().writes.update(agentItem, { id: agent_id }, { set: change })]);
  const forget = (id = "") => own().transact([own().writes.remove(agentContextItem, { agent_id, id })]);
  return { agent_id, contexts, event, state, found, learn, forget, set, retrieval };
}

const doc = (...words: string[]) => words.map(paragraph).join("");

describe("the index of an agent's contexts", () => {
  it("is made once, whoever is asked for it at the same time and again, and is paid for", async () => {
    const { event, state, contexts, found } = await knowing(
      doc("apple", "berry"),
      doc("cherry", "dates"),
      doc("apple", "berry"),
    );
    expect(await state()).toMatchObject({ searched: true, status: "pending" });
    const month = new Date().toISOString().slice(0, 7);
    const before = await monthUsage(own(), month);
    const [a, b] = [worker(), worker()];
    await Promise.all([indexAgent(event, a.deps), indexAgent(event, b.deps)]);
    await indexAgent(event, a.deps);
    expect([...a.told, ...b.told]).toEqual(["agent.context_indexed", "agent.context_indexed"]);
    const embedded = [...a.embedded, ...b.embedded];
    expect(embedded).toHaveLength(4);
    expect((await monthUsage(own(), month)).tokens_in - before.tokens_in).toBe(4);
    expect(await state()).toMatchObject({
      status: "ready",
      contexts: contexts.map(() => ({ chunks: 2, indexed_chunks: 2 })),
    });
    const result = await found("cherry");
    expect(result).toMatchObject({ ok: true, passages: [{ context_id: contexts[1], score: 1 }] });
  });

  it("of a text that has changed takes over what has stayed, and what was is found no more", async () => {
    const { event, contexts, found, learn, forget } = await knowing(doc("apple", "berry", "cherry"));
    await indexAgent(event, worker().deps);
    await learn(doc("apple", "dates", "cherry"), contexts[0]);
    expect(await found("apple")).toMatchObject({ ok: false, error: { code: "retrieval_not_ready", retryable: true } });
    const again = worker();
    await indexAgent(event, again.deps);
    expect(again.embedded).toEqual([paragraph("dates")]);
    expect(await found("dates")).toMatchObject({ ok: true, passages: [{ score: 1 }] });
    expect(await found("berry")).toMatchObject({ ok: true, passages: [] });
    await forget(contexts[0]);
    await learn(doc("elder"));
    await indexAgent(event, worker().deps);
    expect(await found("dates")).toMatchObject({ ok: true, passages: [] });
  });

  it("that takes longer than its worker may live is gone on with where it stopped", async () => {
    const many = Array.from({ length: 100 }, (_, i) => paragraph(`apple${i}`)).join("");
    const { event, state, found } = await knowing(many);
    let asked = 0;
    const first = worker((texts) => {
      asked++;
      return good(texts);
    });
    // Time is over once the first batch has come.
    const left_ms = () => (asked === 0 ? 60_000 : 0);
    await indexAgent(event, first.deps, left_ms);
    expect(first.embedded).toHaveLength(96);
    expect(await state()).toMatchObject({ status: "pending", contexts: [{ chunks: 100, indexed_chunks: 96 }] });
    expect(await found("apple")).toMatchObject({ ok: false });
    expect(first.told).toEqual(["agent.index_requested"]);
    const rest = worker();
    await indexAgent(event, rest.deps);
    expect(rest.embedded.length + first.embedded.length).toBe(100);
    expect(await state()).toMatchObject({ status: "ready", contexts: [{ indexed_chunks: 100 }] });
  });

  it("of a worker that died is taken up by another one, and not before that is certain", async () => {
    const { event, state } = await knowing(doc("apple"));
    const died = worker(() => Promise.reject(new Error("ended in between")));
    await expect(indexAgent(event, died.deps)).rejects.toThrow("ended in between");
    const early = worker();
    await indexAgent(event, early.deps);
    expect(early.embedded).toEqual([]);
    const later = worker(good, () => addSeconds(new Date(), 1_000));
    await indexAgent(event, later.deps);
    expect(later.embedded).toHaveLength(1);
    expect((await state()).status).toBe("ready");
  });

  it("at which nobody has worked for an hour is said to have failed", async () => {
    const { state } = await knowing(doc("apple"));
    const shown = await state(addSeconds(new Date(), 3_700));
    expect(shown).toMatchObject({ status: "failed", contexts: [{ error: { code: "index_stalled" } }] });
  });

  it("that a model refuses has failed and says why; it is made once that is mended and somebody asks for it", async () => {
    const { event, state, found } = await knowing(doc("apple"));
    const refused = worker(failing("provider_key_invalid"));
    await indexAgent(event, refused.deps);
    expect(refused.pauses).toEqual([]);
    expect(await state()).toMatchObject({
      status: "failed",
      contexts: [
        {
          status: "failed",
          error: { code: "provider_key_invalid", message: expect.stringContaining("/retrieval/index") },
        },
      ],
    });
    expect(await found("apple")).toMatchObject({
      ok: false,
      error: {
        code: "retrieval_not_ready",
        retryable: false,
        message: expect.stringContaining("does not accept the stored key"),
      },
    });
    const busy = worker(failing("model_rate_limited"));
    await indexAgent(event, busy.deps);
    expect(busy.pauses).toEqual([1_000, 2_000, 4_000, 8_000, 16_000]);
    expect(await state()).toMatchObject({ contexts: [{ error: { code: "model_rate_limited" } }] });
    await indexAgent(event, worker().deps);
    expect(await state()).toMatchObject({ status: "ready", contexts: [{ error: null }] });
  });

  it("asks again only for what was not answered", async () => {
    const { event, state } = await knowing(WORDS.slice(0, 4).map(paragraph).join(""));
    const asked: (readonly string[])[] = [];
    const halting = worker((texts) => {
      asked.push(texts);
      if (asked.length > 1) return good(texts);
      const answered = new Map(texts.slice(0, 3).map((text) => [text, numbersOf(text)]));
      return { ok: false, error: modelError("model_rate_limited"), calls: [], answered };
    });
    await indexAgent(event, halting.deps);
    expect(asked.map(({ length }) => length)).toEqual([4, 1]);
    expect(asked[1]).toEqual(asked[0]?.slice(3));
    expect(await state()).toMatchObject({ status: "ready" });
  });

  it("names a model for embeddings that is gone, and one that gives more numbers than are searched", async () => {
    const { event, state, found, set, retrieval } = await knowing(doc("apple"));
    const large = worker((texts) => ({ ok: true, vectors: texts.map(() => new Float32Array(4_096)), calls: [] }));
    await indexAgent(event, large.deps);
    expect(await state()).toMatchObject({ contexts: [{ error: { code: "too_many_dimensions" } }] });
    await set({ retrieval: retrieval("gone/model") });
    await indexAgent(event, worker().deps);
    expect(await state()).toMatchObject({ contexts: [{ error: { code: "unknown_model" } }] });
    expect(await found("apple")).toMatchObject({
      ok: false,
      error: { code: "retrieval_model_missing", retryable: false },
    });
  });

  it("leaves nothing behind of an agent that is being erased meanwhile", async () => {
    const { agent_id, event, set } = await knowing(doc("apple"));
    const erased = worker(async (texts) => {
      await set({ status: "purging", agent_type: "chat" });
      return good(texts);
    });
    await indexAgent(event, erased.deps);
    expect(await files().page(versionFiles(tenant, agent_id))).toEqual([]);
    for await (const { status } of own().all(textIndexItem, { of: { agent_id } })) expect(status).toBe("pending");
  });

  it("is one of its own for what a provider serves under the same name from somewhere else", async () => {
    await own().transact([provider("swap", "first")]);
    const { event, found, set, retrieval } = await knowing(doc("apple"));
    await set({ retrieval: retrieval("swap/numbers") });
    const first = worker();
    await indexAgent(event, first.deps);
    expect(first.embedded).toHaveLength(1);
    for (const served of [provider("swap", "second"), provider("swap", "second", "https://other.example.com/v1")]) {
      await own().transact([served]);
      expect(await found("apple")).toMatchObject({ ok: false, error: { code: "retrieval_not_ready" } });
      const again = worker();
      await indexAgent(event, again.deps);
      expect(again.embedded).toHaveLength(1);
      expect(await found("apple")).toMatchObject({ ok: true, passages: [{ score: 1 }] });
    }
  });

  it("is not searched by numbers of another size, and what is known in another size is not put beside", async () => {
    const longer: Answer = (texts) => ({
      ok: true,
      vectors: texts.map((text) => Float32Array.of(...numbersOf(text), 0)),
      calls: [],
    });
    const { event, contexts, found, learn } = await knowing(doc("apple", "berry"));
    await indexAgent(event, worker().deps);
    expect(await found("apple", worker(longer).deps)).toMatchObject({
      ok: false,
      error: { code: "retrieval_not_ready", retryable: false, message: expect.stringContaining("under a new name") },
    });
    await learn(doc("apple", "cherry"), contexts[0]);
    const other = worker(longer);
    await indexAgent(event, other.deps);
    expect(other.embedded.toSorted()).toEqual([paragraph("apple"), paragraph("cherry")]);
    expect(await found("apple", worker(longer).deps)).toMatchObject({ ok: true, passages: [{ score: 1 }] });
  });

  it("is not begun for an agent that is being erased, and not gone on with: its other texts stay untouched", async () => {
    const { agent_id, event, set } = await knowing(doc("apple"), doc("berry"));
    const erased = worker(async (texts) => {
      await set({ status: "purging", agent_type: "chat" });
      return good(texts);
    });
    await indexAgent(event, erased.deps);
    expect(erased.embedded).toHaveLength(1);
    await indexAgent(event, erased.deps);
    expect(erased.embedded).toHaveLength(1);
    const left = [];
    for await (const { text } of own().all(textIndexItem, { of: { agent_id } })) left.push(text);
    expect(left).toHaveLength(1);
  });

  it("asks nothing more of a model once the agent is being erased", async () => {
    const many = Array.from({ length: 100 }, (_, i) => paragraph(`apple${i}`)).join("");
    const { event, set } = await knowing(many);
    const erased = worker(async (texts) => {
      await set({ status: "purging", agent_type: "chat" });
      return good(texts);
    });
    await indexAgent(event, erased.deps);
    expect(erased.embedded).toHaveLength(96);
  });

  it("leaves no file behind of an agent that was erased while it was being written", async () => {
    const { agent_id, event } = await knowing(doc("apple"));
    const { deps } = worker();
    const put: typeof deps.files.put = async (...file) => {
      await deps.files.put(...file);
      const writes = [own().writes.remove(agentItem, { id: agent_id })];
      for await (const { text, index } of own().all(textIndexItem, { of: { agent_id } }))
        writes.push(own().writes.remove(textIndexItem, { agent_id, text, index }));
      await own().transact(writes);
    };
    const kept = deps.files;
    const late = { put, bytes: kept.bytes.bind(kept), remove: kept.remove.bind(kept) };
    await indexAgent(event, { ...deps, files: late });
    expect(await files().page(versionFiles(tenant, agent_id))).toEqual([]);
  });

  it("is given up once a model was waited for in vain, of all its texts, and what others gave up is not gone on with", async () => {
    const { event, state } = await knowing(doc("apple"), doc("berry"));
    let asked = 0;
    const told_to_wait = (ms: number) =>
      worker(() => {
        asked++;
        return { ok: false, error: modelError("model_rate_limited", ms), calls: [] };
      });
    const long = told_to_wait(300_000);
    await indexAgent(event, long.deps);
    expect({ asked, pauses: long.pauses, told: long.told }).toEqual({
      asked: 1,
      pauses: [],
      told: ["agent.context_indexed", "agent.context_indexed"],
    });
    expect(await state()).toMatchObject({
      status: "failed",
      contexts: [{ error: { code: "model_rate_limited" } }, { error: { code: "model_rate_limited" } }],
    });
    const rest = worker();
    await indexAgent({ ...event, data: { ...event.data, rest: true } }, rest.deps);
    expect(rest.embedded).toEqual([]);

    // Each call hangs for a minute.
    let left = 780_000;
    const hanging = worker(() => {
      left -= 60_000;
      return { ok: false, error: modelError("model_timeout"), calls: [] };
    });
    await indexAgent(event, hanging.deps, () => left);
    expect(780_000 - left).toBe(120_000);
    expect((await state()).status).toBe("failed");
  });

  it("in a go without an answer has failed, and is not asked for again and again", async () => {
    const { event, state } = await knowing(doc("apple"));
    const busy = worker(() => ({ ok: false, error: modelError("model_rate_limited", 100_000), calls: [] }));
    await indexAgent(event, busy.deps, () => 90_000);
    expect(busy.told).toEqual(["agent.context_indexed"]);
    expect(await state()).toMatchObject({ contexts: [{ error: { code: "model_rate_limited" } }] });
  });

  it("keeps what was paid for where it fails or its worker breaks off, and goes on from there", async () => {
    const many = Array.from({ length: 200 }, (_, i) => paragraph(`apple${i}`)).join("");
    const { event, state } = await knowing(many);
    const ends = (with_what: Answer) => {
      let calls = 0;
      return worker((texts) => (++calls === 1 ? good(texts) : with_what(texts)));
    };
    const refused = ends(failing("provider_quota_exceeded"));
    await indexAgent(event, refused.deps);
    expect(refused.embedded).toHaveLength(96);
    expect(await state()).toMatchObject({ contexts: [{ status: "failed", chunks: 200, indexed_chunks: 96 }] });
    const broken = ends(() => Promise.reject(new Error("ended in between")));
    await expect(indexAgent(event, broken.deps)).rejects.toThrow("ended in between");
    expect(broken.embedded).toHaveLength(96);
    const last = worker(good, () => addSeconds(new Date(), 1_000));
    await indexAgent(event, last.deps);
    expect(last.embedded).toHaveLength(8);
    expect((await state()).status).toBe("ready");
  });

  it("is not begun where it certainly has more tokens than are left of the month", async () => {
    const large = Array.from({ length: plans.free.tokens_per_month / 2 }, (_, i) => `elder${i}`).join(" ");
    const { event, state } = await knowing(paragraph("apple").repeat(2), large);
    const short = worker();
    await indexAgent(event, short.deps);
    expect(short.embedded).toHaveLength(1);
    expect(await state()).toMatchObject({
      contexts: [{ status: "ready" }, { status: "failed", error: { code: "quota_exceeded" } }],
    });
  });
});
