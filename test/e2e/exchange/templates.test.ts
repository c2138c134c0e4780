import { beforeAll, describe, expect, it } from "vitest";
import type { TemplateSummary } from "../../../functions/exchange/templates/model.ts";
import { scriptedModel } from "../../support/agents.ts";
import { type Company, call, registerCompany, unique } from "../../support/api.ts";
import { addMember } from "../../support/members.ts";
import { roomyCompany } from "../../support/plans.ts";
import { ended, pages, testRun } from "../runs/setup.ts";

let company: Company;
let model_id: string;
beforeAll(async () => {
  company = await roomyCompany();
  model_id = await scriptedModel(company);
});

interface Made {
  readonly type: "agent" | "pipeline";
  readonly id: string;
  readonly name: string;
  readonly action: string;
}

const use = (id: string, body: object = {}, headers: Record<string, string> = {}) =>
  company.call("POST", `/templates/${id}/use`, { model_id, ...body }, headers);

/** What a template is tried with, where its own example is not for a test: it waits for three seconds. */
const inputs: Readonly<Record<string, () => object>> = {
  "wait-and-remind": () => ({
    message: "I will send the offer by Friday. Ada",
    remind_at: new Date(Date.now() + 3_000).toISOString(),
  }),
};

/** Nodes that ask the customer's own systems, which are not here: their runs go on without. */
const unreachable: Readonly<Record<string, readonly string[]>> = { "lead-enrichment": ["lookup"] };

describe("every template", () => {
  it("makes what can be run as it is, once its agents are active", async () => {
    const templates = (await company.call("GET", "/templates")).body.items;
    expect(templates.length).toBeGreaterThanOrEqual(14);
    const waiting = [...templates];
    const tried: string[] = [];
    const worker = async () => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        await tryOut(next);
        tried.push(next.id);
      }
    };
    await Promise.all([worker(), worker(), worker()]);
    expect(tried.sort()).toEqual(templates.map(({ id }: { id: string }) => id));
  }, 600_000);
});

async function tryOut({ id, type, agents, pipelines }: TemplateSummary): Promise<void> {
  const whole = await company.call("GET", `/templates/${id}`);
  expect(whole.status, whole.text).toBe(200);
  const prefix = unique("T");
  const used = await use(id, { name_prefix: `${prefix} ` });
  expect(used.status, `${id}: ${used.text}`).toBe(201);
  expect(used.body.template).toEqual({ id, version: whole.body.version });
  expect(used.body.to_supply).toEqual(
    whole.body.to_supply.map((place: string) => place.replace(/^(agents|pipelines)\./, `$1.${prefix} `)),
  );
  const made: Made[] = used.body.items;
  expect(made.map(({ action }) => action)).toEqual(made.map(() => "create"));
  const of = (kind: string) => made.filter((one) => one.type === kind);
  expect([of("agent").length, of("pipeline").length]).toEqual([agents, pipelines]);
  for (const agent of of("agent")) {
    const active = await company.call("POST", `/agents/${agent.id}/activate`, {});
    expect(active.status, active.text).toBe(200);
  }
  const [main] = of(type);
  if (main === undefined) throw new Error(`${id} has made no ${type}`);
  expect(used.headers.get("location")).toBe(`/api/v1/${type}s/${main.id}`);
  const input = inputs[id]?.() ?? whole.body.example_input;
  if (type === "pipeline") {
    const { errors, warnings } = (await company.call("POST", `/pipelines/${main.id}/validate`)).body;
    expect([errors, warnings], id).toEqual([[], []]);
    const { positions } = (await company.call("GET", `/pipelines/${main.id}/layout`)).body;
    expect(Object.keys(positions).length, id).toBeGreaterThan(2);
    const run = await ended(company, await testRun(company, main.id, { input }), 180);
    const steps = await pages(company, `/runs/${run.id}/steps`);
    const failed = new Set(steps.filter(({ status }) => status === "failed").map(({ node_id }) => node_id));
    const ended_as = [run.status, [...failed]];
    expect(ended_as, `${id}: ${JSON.stringify(run.error)}`).toEqual(["completed", unreachable[id] ?? []]);
    expect(Object.keys(run.output ?? {}), id).not.toEqual([]);
    return;
  }
  const started = await company.call("POST", `/agents/${main.id}/runs`, { input });
  expect(started.status, started.text).toBe(202);
  const run = await ended(company, started.body.id, 180);
  expect(run.status, `${id}: ${JSON.stringify(run.error)}`).toBe("completed");
}

describe("the use of a template", () => {
  it("is shown by a dry run, which makes nothing", async () => {
    const dry = await use("triage-router", { dry_run: true });
    expect([dry.status, dry.headers.get("location")]).toEqual([201, null]);
    expect(dry.body).toMatchObject({ dry_run: true, template: { id: "triage-router" } });
    expect(dry.body.items.map(({ id }: Made) => id)).toEqual(dry.body.items.map(() => null));
    const names = (await pages(company, "/agents")).map(({ name }) => name);
    expect(names).not.toContain("Triage");
  });

  it("is done once for a key, and numbers what is called like something that is there", async () => {
    const key = { "idempotency-key": crypto.randomUUID() };
    const first = await use("debate", {}, key);
    const again = await use("debate", {}, key);
    expect([first.status, again.status, again.text]).toEqual([201, 201, first.text]);
    const second = await use("debate");
    expect(second.status, second.text).toBe(201);
    const base = first.body.items.map(({ document_name }: { document_name: string }) => document_name).sort();
    const numbered = second.body.items.map(({ name }: Made) => name).sort();
    expect(numbered).toEqual(base.map((name: string) => `${name} (2)`));
    const graph = (await company.call("GET", second.headers.get("location")?.replace("/api/v1", "") ?? "")).body.graph;
    const own = new Set(second.body.items.map(({ id }: Made) => id));
    const named = graph.nodes.flatMap(({ config }: { config: { agent_id?: string } }) => config.agent_id ?? []);
    expect(named.filter((id: string) => !own.has(id))).toEqual([]);
  });

  it("puts what it makes into workspaces", async () => {
    const { workspace_id } = company;
    const used = await use("moderation-vote", { workspace_ids: [workspace_id] });
    expect(used.status, used.text).toBe(201);
    for (const { type, id } of used.body.items as Made[])
      expect((await company.call("GET", `/${type}s/${id}`)).body.workspace_ids).toEqual([workspace_id]);
    const nowhere = await use("code-reviewer", { workspace_ids: [`wsp_${"0".repeat(26)}`] });
    expect([nowhere.status, nowhere.body.code]).toEqual([422, "reference_not_found"]);
  });

  it("is refused for what there is not, and where it does not fit", async () => {
    const [none, version, model, name] = await Promise.all([
      use("no-such-template"),
      use("debate", { version: 999 }),
      company.call("POST", "/templates/debate/use", { model_id: "scripted/none" }),
      use("debate", { name_prefix: "x".repeat(41) }),
    ]);
    expect([none.status, none.body.code]).toEqual([404, "not_found"]);
    expect([version.status, version.body.code]).toEqual([409, "conflict"]);
    expect([model.status, model.body.code]).toEqual([422, "unknown_model"]);
    expect([name.status, name.body.code]).toEqual([422, "validation_failed"]);
    const small = await registerCompany();
    for (let i = 0; i < 2; i++) expect((await small.call("POST", "/templates/triage-router/use", {})).status).toBe(201);
    const full = await small.call("POST", "/templates/triage-router/use", {});
    expect([full.status, full.body.code]).toEqual([402, "quota_exceeded"]);
  });
});

describe("rights", () => {
  it("of every member reach the gallery; making something of it needs the right to what it makes", async () => {
    const viewer = await addMember(company, "viewer");
    const asViewer = (method: string, path: string, body?: object) =>
      call(method, path, { token: viewer.token, ...(body === undefined ? {} : { body }) });
    expect((await asViewer("GET", "/templates?type=agent")).status).toBe(200);
    expect((await asViewer("GET", "/templates/debate")).status).toBe(200);
    const refused = await asViewer("POST", "/templates/debate/use", {});
    expect([refused.status, refused.body.permission, refused.body.any_of]).toEqual([
      403,
      "agents:create",
      ["agents:create", "pipelines:create"],
    ]);
  });
});
