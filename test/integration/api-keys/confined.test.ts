import { beforeAll, describe, expect, it } from "vitest";
import { denialOf } from "../../../functions/runs/public.ts";
import { createAgent } from "../../support/agents.ts";
import { type ApiAnswer, type Company, registerCompany, unique } from "../../support/api.ts";
import { apiKey, type TestKey } from "../../support/keys.ts";
import { addMember } from "../../support/members.ts";
import { roomyCompany } from "../../support/plans.ts";
import { stackTable } from "../../support/stack.ts";

let company: Company;
let [one, other] = ["", ""];
let [inOne, inOther, inBoth, inNone] = ["", "", "", ""];
let key: TestKey;

const workspace = async (environment: string | null = null): Promise<string> =>
  (await company.call("POST", "/workspaces", { name: unique("Workspace"), environment })).body.id;
const agentIn = async (...workspace_ids: readonly string[]): Promise<string> =>
  (await createAgent(company, { workspace_ids })).id;
const codeOf = ({ status, body }: ApiAnswer) => [status, body?.code];
const CONFINED = [403, "key_confined"];

beforeAll(async () => {
  company = await roomyCompany();
  [one, other] = [await workspace("staging"), await workspace("production")];
  [inOne, inOther, inBoth, inNone] = [
    await agentIn(one),
    await agentIn(other),
    await agentIn(one, other),
    await agentIn(),
  ];
  key = await apiKey(company, { workspace_ids: [one] });
});

describe("a key of a workspace", () => {
  it("reads, changes and lists what is in it, page by page", async () => {
    for (const id of [inOne, inBoth]) {
      expect((await key.call("GET", `/agents/${id}`)).status).toBe(200);
      expect((await key.call("PATCH", `/agents/${id}`, { description: "By a program" })).status).toBe(200);
    }
    for (const id of [inOther, inNone]) {
      expect(codeOf(await key.call("GET", `/agents/${id}`))).toEqual(CONFINED);
      expect(codeOf(await key.call("PATCH", `/agents/${id}`, { description: "By a program" }))).toEqual(CONFINED);
      expect(codeOf(await key.call("GET", `/agents/${id}/versions`))).toEqual(CONFINED);
      expect(codeOf(await key.call("POST", `/agents/${id}/duplicate`, {}))).toEqual(CONFINED);
    }
    const found: string[] = [];
    for (let cursor: string | null = ""; cursor !== null; ) {
      const page: ApiAnswer = await key.call(
        "GET",
        `/agents?limit=1${cursor === "" ? "" : `&cursor=${encodeURIComponent(cursor)}`}`,
      );
      expect(page.body.items.length).toBeLessThanOrEqual(1);
      found.push(...page.body.items.map(({ id }: { id: string }) => id));
      cursor = page.body.next_cursor;
    }
    expect(found.sort()).toEqual([inOne, inBoth].sort());
    const workspaces = (await key.call("GET", "/workspaces")).body.items;
    expect(workspaces.map(({ id }: { id: string }) => id)).toEqual([one]);
  });

  it("makes things in it and nowhere else, and moves nothing into another one or out of it", async () => {
    const { body: like } = await company.call("GET", `/agents/${inOne}`);
    const make = (workspace_ids: readonly string[]) =>
      key.call("POST", "/agents", {
        name: unique("Agent"),
        agent_type: like.agent_type,
        model_id: like.model_id,
        system_prompt: "Answer.",
        workspace_ids,
      });
    const made = await make([one]);
    expect(made.status).toBe(201);
    for (const ids of [[], [other], [one, other]]) expect(codeOf(await make(ids))).toEqual(CONFINED);
    const move = (id: string, workspace_ids: readonly string[]) =>
      key.call("PATCH", `/agents/${id}`, { workspace_ids });
    for (const ids of [[], [other], [one, other]]) expect(codeOf(await move(made.body.id, ids))).toEqual(CONFINED);
    for (const ids of [[one], [other]]) expect(codeOf(await move(inBoth, ids))).toEqual(CONFINED);
    expect((await move(inBoth, [other, one])).status).toBe(200);
  });

  it("follows the thing: what is put into the workspace is within reach from the next request on", async () => {
    const id = await agentIn(other);
    expect(codeOf(await key.call("GET", `/agents/${id}`))).toEqual(CONFINED);
    await company.call("PATCH", `/agents/${id}`, { workspace_ids: [one] });
    expect((await key.call("GET", `/agents/${id}`)).status).toBe(200);
    await company.call("PATCH", `/agents/${id}`, { workspace_ids: [] });
    expect(codeOf(await key.call("GET", `/agents/${id}`))).toEqual(CONFINED);
  });

  it("has nothing that is the whole organization's but its own record, and can give itself up", async () => {
    const own = await apiKey(company, { workspace_ids: [one] });
    for (const path of ["/users", "/teams", "/audit/logs", "/webhooks", "/api-keys", `/api-keys/${key.id}`, "/runs"])
      expect([path, ...codeOf(await own.call("GET", path))]).toEqual([path, ...CONFINED]);
    expect((await own.call("GET", `/api-keys/${own.id}`)).body.workspace_ids).toEqual([one]);
    expect((await own.call("GET", "/models")).status).toBe(200);
    expect((await own.call("DELETE", `/api-keys/${own.id}`)).status).toBe(204);
  });

  it("says what it is confined to where it refuses, and the trail has it", async () => {
    // Of many refusals in a minute not each has an entry of its own.
    const own = await apiKey(company, { workspace_ids: [one] });
    const { body } = await own.call("GET", `/agents/${inOther}`);
    expect([body.workspace_ids, body.environments]).toEqual([[one], []]);
    const [entry] = (await company.call("GET", "/audit/logs?action=access.denied&limit=1")).body.items;
    expect([entry.actor.id, entry.reason]).toEqual([own.id, "confined API key"]);
  });

  it("lists the runs of a pipeline or an agent that it reaches", async () => {
    expect((await key.call("GET", `/runs?agent_id=${inOne}`)).status).toBe(200);
    expect(codeOf(await key.call("GET", `/runs?agent_id=${inOther}`))).toEqual(CONFINED);
  });

  it("ends the runs that it started at an agent outside of it", async () => {
    const started_by = { type: "api_key", id: key.id, on_behalf_of: { type: "user", id: company.user_id } } as const;
    const denial = async (target_id: string, agent_id: string) => {
      const run = { kind: "agent", target_id, started_by, parent_run_id: null } as const;
      const node = { id: "agent", kind: "agent", label: "Agent", config: { agent_id } } as const;
      return (await denialOf(stackTable().of(company.organization_id), run, { node } as never))?.code;
    };
    const usable = async (id: string) => (await company.call("POST", `/agents/${id}/activate`, {})).status;
    expect([await usable(inOne), await usable(inOther)]).toEqual([200, 200]);
    expect(await denial(inOne, inOne)).toBeUndefined();
    expect(await denial(inOne, inOther)).toBe("starter_not_permitted");
    expect(await denial(inOther, inOne)).toBe("starter_not_permitted");
  });
});

describe("a key of an environment", () => {
  it("reaches workspaces that are meant for it, and nothing that is of no environment", async () => {
    const staging = await apiKey(company, { environments: ["staging"] });
    const workspaces = (await staging.call("GET", "/workspaces")).body.items;
    expect(workspaces.map(({ id }: { id: string }) => id)).toEqual([one]);
    expect((await staging.call("GET", `/workspaces/${one}`)).status).toBe(200);
    expect(codeOf(await staging.call("GET", `/workspaces/${other}`))).toEqual(CONFINED);
    expect(codeOf(await staging.call("PATCH", `/workspaces/${one}`, { environment: "production" }))).toEqual(CONFINED);
    expect(codeOf(await staging.call("GET", `/agents/${inOne}`))).toEqual(CONFINED);
    expect((await staging.call("GET", "/agents")).body.items).toEqual([]);
  });

  it("of a workspace, too, needs both", async () => {
    const neither = await apiKey(company, { workspace_ids: [one], environments: ["production"] });
    for (const id of [one, other]) expect(codeOf(await neither.call("GET", `/workspaces/${id}`))).toEqual(CONFINED);
  });
});

describe("what a key is confined to", () => {
  it("are workspaces that are there", async () => {
    const foreign = (await registerCompany()).workspace_id;
    const body = { name: unique("Key"), scopes: ["agents:read"] };
    const made = await company.call("POST", "/api-keys", { ...body, workspace_ids: [one, foreign] });
    expect([made.status, made.body.code, made.body.issues?.[0]?.path]).toEqual([
      422,
      "reference_not_found",
      "workspace_ids.1",
    ]);
    const changed = await company.call("PATCH", `/api-keys/${key.id}`, { workspace_ids: [one, foreign] });
    expect([changed.status, changed.body.issues?.[0]?.path]).toEqual([422, "workspace_ids.1"]);
  });

  it("can be changed, from the next request on, and the trail says from what to what", async () => {
    const own = await apiKey(company, { workspace_ids: [one] });
    const change = (body: object) => company.call("PATCH", `/api-keys/${own.id}`, body);
    expect((await change({ workspace_ids: [other] })).body.workspace_ids).toEqual([other]);
    expect((await own.call("GET", `/agents/${inOther}`)).status).toBe(200);
    expect(codeOf(await own.call("GET", `/agents/${inOne}`))).toEqual(CONFINED);
    const [entry] = (await company.call("GET", "/audit/logs?action=api_key.updated&limit=1")).body.items;
    expect(entry.changes).toContainEqual({ field: "workspace_ids", old: [one], new: [other] });
    expect((await change({ workspace_ids: [] })).status).toBe(200);
    expect((await own.call("GET", `/agents/${inNone}`)).status).toBe(200);
  });

  it("stays when its workspace is archived, and goes on to reach nothing else", async () => {
    const short = await workspace();
    const own = await apiKey(company, { workspace_ids: [short] });
    expect((await company.call("POST", `/workspaces/${short}/archive`, {})).status).toBe(200);
    expect(codeOf(await own.call("GET", `/agents/${inNone}`))).toEqual(CONFINED);
    // What it was confined to before need not be active to stay.
    const kept = await company.call("PATCH", `/api-keys/${own.id}`, { workspace_ids: [short, one] });
    expect([kept.status, kept.body.workspace_ids]).toEqual([200, [short, one]]);
  });

  it("is not widened by somebody who may less than its scopes", async () => {
    const mine = await apiKey(company, { workspace_ids: [one] });
    const administrator = await addMember(company, "org_admin");
    const narrower = await administrator.call("PATCH", `/api-keys/${mine.id}`, { environments: ["staging"] });
    expect(narrower.status).toBe(200);
    const wider = await administrator.call("PATCH", `/api-keys/${mine.id}`, { workspace_ids: [] });
    expect([wider.status, wider.body.code, wider.body.permission]).toEqual([403, "forbidden", expect.any(String)]);
  });
});
