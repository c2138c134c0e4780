import { beforeEach, describe, expect, it } from "vitest";
import * as handlers from "../../../functions/exchange/handlers.ts";
import { operations } from "../../../functions/exchange/operations.ts";
import type { Grant } from "../../../shared/access/permissions.ts";
import { Problem } from "../../../shared/errors.ts";
import { compileExpression } from "../../../shared/expressions/expression.ts";
import { createDispatcher } from "../../../shared/http/dispatch.ts";
import type { Platform } from "../../../shared/http/platform.ts";
import { checkUrl } from "../../../shared/outbound/url.ts";
import type { Company } from "../../support/api.ts";
import { roomyCompany } from "../../support/plans.ts";
import { stackPlatform } from "../../support/stack.ts";

let company: Company;
beforeEach(async () => {
  company = await roomyCompany();
});

/** Holds whoever comes until so many are there, once; later ones pass. */
function gate(many: number): () => Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let here = 0;
  return () => {
    here++;
    if (here === many) resolve();
    return promise;
  };
}

const nothing = async (): Promise<never> => {
  throw new Error("no file is needed");
};

/** A platform on which everybody holds these grants alone. No built-in role has rights to one kind only. */
function withGrants(platform: Platform, grants: readonly Grant[] | undefined): Platform {
  if (grants === undefined) return platform;
  return {
    ...platform,
    authenticate: async (...asked) => {
      const who = await platform.authenticate(...asked);
      if (!(who.rights instanceof Problem)) Object.assign(who.rights.caller, { grants });
      return who;
    },
  };
}

/** The room's operations in this process, on the deployed table. All have planned what they do before the first commits. */
function together(many: number, grants?: readonly Grant[]) {
  const platform = withGrants(stackPlatform(), grants);
  const { table } = platform;
  const transact = table.transact.bind(table);
  const arrived = gate(many);
  let commits = 0;
  table.transact = async (writes) => {
    if (writes.some(({ type }) => type === "agent" || type === "pipeline")) {
      await arrived();
      commits++;
    }
    return transact(writes);
  };
  const inline = (text: string) => ({ inline: text });
  const blobs = {
    store: async (_: unknown, text: string) => inline(text),
    load: async (blob: object) => ("inline" in blob ? String(blob.inline) : nothing()),
    copy: nothing,
  };
  const files = {} as never;
  const deps = { table, secrets: platform.secrets, blobs, files, checkUrl, compile_expression: compileExpression };
  const dispatch = createDispatcher(operations, handlers, platform, deps);
  const send = async (path: string, body: object) => {
    const answer = await dispatch({
      method: "POST",
      path: `/api/v1${path}`,
      query: "",
      headers: { authorization: `Bearer ${company.token}`, "content-type": "application/json" },
      body: JSON.stringify(body),
      ip: "127.0.0.1",
    });
    return { status: answer.status, body: JSON.parse(String(answer.body)) };
  };
  return { send, commits: () => commits };
}

const agent = (name: string) => ({ name, agent_type: "task", model_id: "amazon-bedrock/claude-haiku-4-5" });
const pipeline = (name: string) => ({
  name,
  pattern: "sequential",
  graph: {
    nodes: [
      { id: "in", kind: "input", label: "In", config: {} },
      { id: "out", kind: "output", label: "Out", config: {} },
    ],
    connections: [{ id: "c", source: "in", target: "out" }],
  },
});
const document = (agents: object[], pipelines: object[]) => ({ kaizen_version: 1, agents, pipelines });
const namesOf = async (kind: "agents" | "pipelines") =>
  (await company.call("GET", `/${kind}?limit=100`)).body.items.map(({ name }: { name: string }) => name).sort();
const done = ({ body }: { body: { items: { action: string; id: string }[] } }) =>
  body.items.map(({ action }) => action).join();
const ids = ({ body }: { body: { items: { id: string }[] } }) => body.items.map(({ id }) => id);

describe("imports at once", () => {
  it.each([
    ["agents and a pipeline", document([agent("Writer"), agent("Judge")], [pipeline("News")])],
    ["agents alone", document([agent("Writer"), agent("Judge")], [])],
    // Names of pipelines are not unique, so nothing else of theirs would meet.
    ["a pipeline alone", document([], [pipeline("News")])],
  ])("of the same document make it once, and tell both what there is: %s", async (_, sent) => {
    const { send, commits } = together(2);
    const answers = await Promise.all([1, 2].map(() => send("/imports", { document: sent })));
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    expect(commits()).toBe(2);
    const [first, second] = answers.map((one) => done(one)).sort();
    const things = [...sent.agents, ...sent.pipelines];
    expect([first, second]).toEqual([things.map(() => "create").join(), things.map(() => "unchanged").join()]);
    expect(ids(answers[0] as never)).toEqual(ids(answers[1] as never));
    expect(await namesOf("agents")).toEqual(sent.agents.length === 0 ? [] : ["Judge", "Writer"]);
    expect(await namesOf("pipelines")).toEqual(sent.pipelines.length === 0 ? [] : ["News"]);
  });

  it("that differ leave one of them, whole, and refuse the other", async () => {
    const { send } = together(2);
    const other = { ...agent("Writer"), description: "Another one." };
    const answers = await Promise.all([
      send("/imports", { document: document([agent("Writer"), agent("A")], []) }),
      send("/imports", { document: document([other, agent("B")], []) }),
    ]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
    const won = answers.findIndex(({ status }) => status === 200);
    expect(await namesOf("agents")).toEqual([won === 0 ? "A" : "B", "Writer"]);
  });

  it("that change the same things leave what one of them says, and the other finds it so", async () => {
    await company.call("POST", "/imports", { document: document([agent("Writer")], [pipeline("News")]) });
    const changed = document([{ ...agent("Writer"), description: "New." }], [{ ...pipeline("News"), tags: ["x"] }]);
    const { send } = together(2);
    const both = await Promise.all([1, 2].map(() => send("/imports", { document: changed, on_conflict: "update" })));
    expect(both.map(({ status }) => status)).toEqual([200, 200]);
    expect(both.map(done).sort()).toEqual(["unchanged,unchanged", "update,update"]);
  });

  it("of a template give each its own", async () => {
    const { send } = together(3);
    const uses = await Promise.all([1, 2, 3].map(() => send("/templates/debate/use", {})));
    expect(uses.map(({ status }) => status)).toEqual([201, 201, 201]);
    expect(await namesOf("pipelines")).toEqual([1, 2, 3].map((n) => `Debate with a judge${n === 1 ? "" : ` (${n})`}`));
    expect(await namesOf("agents")).toHaveLength(6);
  });
});

describe("rights to import", () => {
  const both = document([agent("Writer")], [pipeline("News")]);
  const sent = async (grants: readonly Grant[], body: object, path = "/imports") => {
    const { status, body: answer } = await together(1, grants).send(path, body);
    return { status, missing: answer.missing, any_of: answer.any_of };
  };

  it("are asked for what the document holds, and a refusal names all that is missing", async () => {
    const alone = await sent(["pipelines:create"], { document: document([], [pipeline("News")]) });
    expect(alone.status).toBe(200);
    expect(await sent(["agents:create"], { document: document([agent("Alone")], []) })).toMatchObject({ status: 200 });
    const refused = await sent(["pipelines:create"], { document: both, on_conflict: "update" });
    // What is here already is told of, so it has to be readable.
    expect([refused.status, refused.missing]).toEqual([403, ["agents:create", "pipelines:read"]]);
    const reader = await sent(["pipelines:read"], { document: both });
    expect([reader.status, reader.missing, reader.any_of]).toEqual([
      403,
      undefined,
      ["agents:create", "agents:update", "pipelines:create", "pipelines:update"],
    ]);
  });

  it("to change are not those to create, and a dry run needs the same", async () => {
    await company.call("POST", "/imports", { document: both });
    const changed = document([{ ...agent("Writer"), description: "New." }], [{ ...pipeline("News"), tags: ["x"] }]);
    for (const dry_run of [true, false]) {
      const how = { document: changed, on_conflict: "update", dry_run };
      const creator = await sent(["agents:create", "pipelines:create", "*:read"], how);
      expect([creator.status, creator.missing]).toEqual([403, ["agents:update", "pipelines:update"]]);
    }
    const how = { document: changed, on_conflict: "update" };
    expect((await sent(["agents:update", "pipelines:update", "*:read"], how)).status).toBe(200);
  });

  it("are those of the template's document", async () => {
    const refused = await sent(["pipelines:create"], {}, "/templates/debate/use");
    expect([refused.status, refused.missing]).toEqual([403, ["agents:create"]]);
    expect((await sent(["agents:create"], {}, "/templates/code-reviewer/use")).status).toBe(201);
  });
});

describe("an import that is larger than a transaction", () => {
  it("is refused with its size before anything is written, and a dry run says so", async () => {
    const many = document(
      Array.from({ length: 30 }, (_, i) => agent(`Agent ${i}`)),
      [pipeline("News")],
    );
    for (const dry_run of [true, false]) {
      const refused = await company.call("POST", "/imports", { document: many, dry_run });
      expect([refused.status, refused.body.code]).toEqual([422, "validation_failed"]);
      expect(refused.body.limit).toBe(97);
      expect(refused.body.items).toBeGreaterThan(97);
      expect(refused.body.issues).toEqual([{ path: "document", message: expect.stringContaining("97") }]);
    }
    expect(await namesOf("agents")).toEqual([]);
    expect(await namesOf("pipelines")).toEqual([]);
  });

  it("comes in parts, agents first", async () => {
    const agents = Array.from({ length: 24 }, (_, i) => agent(`Agent ${i}`));
    for (let i = 0; i < agents.length; i += 12) {
      const part = await company.call("POST", "/imports", { document: document(agents.slice(i, i + 12), []) });
      expect(part.status, part.text).toBe(200);
    }
    expect(await namesOf("agents")).toHaveLength(24);
  });
});
