import { createHash } from "node:crypto";
import * as z from "zod";
import type { Blobs } from "../../../shared/blobs/blobs.ts";
import { runFiles } from "../../../shared/blobs/purposes.ts";
import type { TenantTable } from "../../../shared/dynamo/table.ts";
import { Problem } from "../../../shared/errors.ts";
import { canonicalJson, type Json } from "../../../shared/expressions/json.ts";
import type { ConnectorAnswer } from "../../connectors/public.ts";
import type { Between, ToolRunner } from "../../executions/public.ts";
import { type CallMeter, type ModelErrorCode, modelErrors, type StoredAnswer } from "../../models/public.ts";
import type { AskConnector } from "../engine/work-connector.ts";
import type { HttpAnswer, SendHttp } from "../engine/work-http.ts";
import type { StoredRun } from "../store.ts";
import { runTapeItem } from "./store.ts";

/** Answers to one request that are looked through for the one of the same step; one step alone seldom asks the same twice. */
const LOOKED_AT = 100;

/** A call that the cassette has no answer to; nobody is called. */
export class CassetteMiss extends Problem {
  constructor(asked: string, run_id: string) {
    super("conflict", `The cassette of ${run_id} has no answer to ${asked}.`);
  }
}

const kept = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("answer"), answer: z.custom<StoredAnswer>() }),
  z.object({
    kind: z.literal("failure"),
    code: z.enum(Object.keys(modelErrors) as [ModelErrorCode, ...ModelErrorCode[]]),
    retry_after_ms: z.number().optional(),
  }),
  z.object({
    kind: z.literal("response"),
    status: z.int(),
    headers: z.record(z.string(), z.string()),
    body: z.custom<Json>(),
  }),
  z.object({
    kind: z.literal("no_response"),
    error: z.custom<Extract<HttpAnswer, { ok: false }>["error"]>(),
  }),
  z.object({ kind: z.literal("connector"), result: z.custom<ConnectorAnswer>() }),
  z.object({ kind: z.literal("tools"), described: z.custom<Awaited<ReturnType<ToolRunner["describe"]>>>() }),
  z.object({ kind: z.literal("resources"), answer: z.custom<Awaited<ReturnType<ToolRunner["resources"]>>>() }),
  z.object({ kind: z.literal("prompt"), filled: z.custom<Awaited<ReturnType<ToolRunner["prompt"]>>>() }),
  z.object({ kind: z.literal("tool"), result: z.custom<Awaited<ReturnType<ToolRunner["execute"]>>>() }),
]);
type Kept = z.output<typeof kept>;
type KeptOf<K extends Kept["kind"]> = Extract<Kept, { kind: K }>;

interface Deps {
  readonly table: TenantTable;
  readonly blobs: Pick<Blobs, "load" | "store">;
}

/**
 * The calls of one attempt of a step, under the cassette of its run. Recording keeps what each call is answered, by what was
 * asked, with the outermost run; replaying answers from what another run has kept. The same request may have had several
 * answers, to several steps or attempts: the one of the same step and call is taken, else the first.
 */
export class Cassette implements Between {
  readonly #deps: Deps;
  readonly #run: StoredRun;
  readonly #node_id: string;
  readonly #attempt: number;
  #requests = 0;
  /** Calls that were answered. */
  replayed = 0;
  /** The first call that there was no answer to. */
  missed: CassetteMiss | undefined;

  constructor(deps: Deps, run: StoredRun, node_id: string, attempt: number) {
    this.#deps = deps;
    this.#run = run;
    this.#node_id = node_id;
    this.#attempt = attempt;
  }

  get #told() {
    const { test } = this.#run;
    if (test === null || test.cassette === null) throw new Error(`run ${this.#run.id} has no cassette`);
    return test.cassette;
  }

  meter(own: CallMeter, model: string): CallMeter {
    return {
      open: async (call) => {
        const asked = { what: "model", model, request: call.request };
        const number = `m${call.number}`;
        const known = await this.#find("answer", asked, number, `a call to the model ${model}`);
        if (known?.kind === "answer")
          return { found: { ...known.answer, usage: unpaid(known.answer) }, close: async () => {} };
        if (known?.kind === "failure") {
          const { code, retry_after_ms } = known;
          const wait = retry_after_ms === undefined ? {} : { retry_after_ms };
          return { fails: { code, ...modelErrors[code], ...wait }, close: async () => {} };
        }
        const opened = await own.open(call);
        // Of a step that is repeated after a fault: what was answered before it.
        if (opened.found !== undefined) await this.#keep(asked, number, { kind: "answer", answer: opened.found });
        return {
          ...opened,
          close: async (usage, answer, failure, waited_ms) => {
            await opened.close(usage, answer, failure, waited_ms);
            if (answer !== undefined) await this.#keep(asked, number, { kind: "answer", answer });
            else if (failure !== undefined && failure.code !== "cancelled" && failure.code !== "quota_exceeded") {
              const { code, retry_after_ms } = failure;
              await this.#keep(asked, number, {
                kind: "failure",
                code,
                ...(retry_after_ms === undefined ? {} : { retry_after_ms }),
              });
            }
          },
        };
      },
    };
  }

  tools(own: ToolRunner): ToolRunner {
    return {
      ...own,
      describe: async (tool, signal) => {
        // What a function or an API is called is known without asking.
        if (tool.tool_type !== "mcp") return own.describe(tool, signal);
        const { server, tools } = tool.config;
        const asked = { what: "tools", tool_id: tool.id, server, tools };
        const known = await this.#find("tools", asked, "tools", `what tools ${tool.name} has`);
        if (known !== undefined) return known.described;
        const described = await own.describe(tool, signal);
        await this.#keep(asked, "tools", { kind: "tools", described });
        return described;
      },
      resources: async (tool, signal) => {
        if (tool.tool_type !== "mcp" || (tool.config.resources ?? []).length === 0) return own.resources(tool, signal);
        const { server, resources } = tool.config;
        const asked = { what: "resources", tool_id: tool.id, server, resources };
        const known = await this.#find("resources", asked, "resources", `what the resources of ${tool.name} are`);
        if (known !== undefined) return known.answer;
        const answer = await own.resources(tool, signal);
        await this.#keep(asked, "resources", { kind: "resources", answer });
        return answer;
      },
      prompt: async (tool, name, args, signal) => {
        const asked = { what: "prompt", tool_id: tool.id, name, arguments: args };
        const known = await this.#find("prompt", asked, "prompt", `the prompt ${name} of ${tool.name}`);
        if (known !== undefined) return known.filled;
        const filled = await own.prompt(tool, name, args, signal);
        await this.#keep(asked, "prompt", { kind: "prompt", filled });
        return filled;
      },
      execute: async (tool, name, args, signal, key) => {
        const asked = { what: "tool", tool_id: tool.id, name, arguments: args };
        const number = `t${++this.#requests}`;
        const known = await this.#find("tool", asked, number, `a call of the tool ${name}`);
        if (known !== undefined) return known.result;
        const result = await own.execute(tool, name, args, signal, key);
        await this.#keep(asked, number, { kind: "tool", result });
        return result;
      },
    };
  }

  /**
   * For the request of a step. Headers are no part of what is asked: secrets are in them. What is kept has lost those that
   * the host has echoed: who replays it need not hold the same.
   */
  request(own: SendHttp): SendHttp {
    return async (request) => {
      const { method, url, body = "" } = request;
      const asked = { what: "answer", method, url, body: body.toString() };
      const number = `h${++this.#requests}`;
      const known = await this.#find("response", asked, number, `${method} ${url.split("?")[0]}`);
      if (known?.kind === "response") {
        const { kind: _, ...answer } = known;
        return { ok: true, ...answer };
      }
      if (known?.kind === "no_response") return { ok: false, error: known.error };
      const result = await own(request);
      await this.#keep(
        asked,
        number,
        result.ok
          ? { kind: "response", status: result.status, headers: { ...result.headers }, body: result.body }
          : { kind: "no_response", error: result.error },
      );
      return result;
    };
  }

  /** For a connector, by what it is asked. */
  connector(own: AskConnector): AskConnector {
    return async (table, request) => {
      const { connector_id, input } = request;
      const asked = { what: "connector", connector_id, input };
      const number = `c${++this.#requests}`;
      const known = await this.#find("connector", asked, number, `the connector ${connector_id}`);
      if (known !== undefined) return known.result;
      const result = await own(table, request);
      await this.#keep(asked, number, { kind: "connector", result });
      return result;
    };
  }

  async #find(
    kind: "answer",
    asked: object,
    call: string,
    named: string,
  ): Promise<KeptOf<"answer"> | KeptOf<"failure"> | undefined>;
  async #find(
    kind: "response",
    asked: object,
    call: string,
    named: string,
  ): Promise<KeptOf<"response"> | KeptOf<"no_response"> | undefined>;
  async #find<K extends "tools" | "tool" | "resources" | "prompt" | "connector">(
    kind: K,
    asked: object,
    call: string,
    named: string,
  ): Promise<KeptOf<K> | undefined>;
  async #find(_: Kept["kind"], asked: object, call: string, named: string): Promise<Kept | undefined> {
    const { replay_run_id, on_miss } = this.#told;
    if (replay_run_id === null) return undefined;
    const { table, blobs } = this.#deps;
    const request_hash = hashOf(asked);
    const { items } = await table.page(runTapeItem, { of: { run_id: replay_run_id, request_hash }, limit: LOOKED_AT });
    const own = items.filter(({ node_id }) => node_id === this.#node_id);
    const found = own.find((one) => one.call === `${this.#attempt}-${call}`) ?? own[0] ?? items[0];
    if (found !== undefined) {
      this.replayed += 1;
      return kept.parse(JSON.parse(await blobs.load(found.answer)));
    }
    if (on_miss === "call") return undefined;
    this.missed ??= new CassetteMiss(named, replay_run_id);
    throw this.missed;
  }

  async #keep(asked: object, call: string, answer: Kept): Promise<void> {
    if (!this.#told.record) return;
    const { table, blobs } = this.#deps;
    const { root_run_id, kept_days, expires_at } = this.#run;
    const place = runFiles(table.tenant, { id: root_run_id, kept_days });
    await table.transact([
      table.writes.put(runTapeItem, {
        run_id: root_run_id,
        request_hash: hashOf(asked),
        node_id: this.#node_id,
        call: `${this.#attempt}-${call}`,
        answer: await blobs.store(place, JSON.stringify(answer)),
        expires_at,
      }),
    ]);
  }
}

const hashOf = (asked: object): string =>
  createHash("sha256")
    .update(canonicalJson(JSON.parse(JSON.stringify(asked))))
    .digest("base64url");

/** Nobody has been asked: nothing was used. */
const unpaid = ({ usage }: StoredAnswer): StoredAnswer["usage"] => ({
  ...usage,
  inputTokens: { ...usage.inputTokens, total: 0 },
  outputTokens: { ...usage.outputTokens, total: 0 },
});
