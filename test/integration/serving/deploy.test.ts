import { createHash, createPublicKey, generateKeyPairSync, sign } from "node:crypto";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { beforeEach, describe, expect, inject, it } from "vitest";
import { agentOf, Tampered } from "../../../functions/serving/calls/agent.ts";
import { answer, type DeployDeps } from "../../../functions/serving/deploy/answer.ts";
import { type ServedAgent, servedAgentItem, servedEndpointItem } from "../../../functions/serving/store.ts";
import { takeOver } from "../../../functions/usage/consumers.ts";
import { monthUsage, usageItem } from "../../../functions/usage/store.ts";
import { timestamp } from "../../../shared/clock.ts";
import { Table } from "../../../shared/dynamo/table.ts";
import { canonicalJson } from "../../../shared/expressions/json.ts";
import { newId } from "../../../shared/ids.ts";
import { publicKeyOfDer } from "../../../shared/signing/public-key.ts";
import { awsConfig, stackTable } from "../../support/stack.ts";

const at = new Date();
const pair = () => generateKeyPairSync("ec", { namedCurve: "P-256" });
const ours = pair();
const signer = {
  public: async () =>
    publicKeyOfDer(createPublicKey(ours.privateKey).export({ format: "der", type: "spki" }) as unknown as Uint8Array),
};
const bundle = {
  format: "kaizen-studio/agent/1",
  definition: {
    name: "Support",
    description: "",
    agent_type: "chat",
    model_id: "amazon-bedrock/claude-sonnet-4-5",
    fallback_model_ids: [],
    system_prompt: "You help.",
    temperature: 0.7,
    max_tokens: 0,
    response_schema: null,
    tags: [],
    metadata: {},
  },
  contexts: [{ id: newId("agent_context", at), name: "Known", text: "The sky is blue." }],
  tools: [],
};

let organization_id: string;
let gateway_id: string;
let target_id: string;
let removed: string[];
let deps: DeployDeps & { readonly blobs: { load: Parameters<typeof agentOf>[1]["blobs"]["load"] } };
beforeEach(() => {
  organization_id = newId("organization", at);
  gateway_id = newId("gateway", at);
  target_id = newId("agent", at);
  removed = [];
  deps = {
    table: Table.connect(inject("stack").outputs.DataPlaneTableName ?? "", new DynamoDBClient(awsConfig())),
    blobs: {
      store: async (_, text) => ({ inline: text }),
      load: async (blob) => ("inline" in blob ? blob.inline : ""),
    },
    files: { removeAll: async (place) => void removed.push(place) },
    clock: { now: () => at },
    signer,
  };
});
const own = () => deps.table.of(organization_id);
const ask = (method: string, path: string, body?: unknown, of = organization_id) =>
  answer({ organization_id: of, method, path, body }, deps);

/** A registration as whoever deploys sends it, with other parts where a test wants them. */
function registration(more: { digest?: string; statement?: object; key?: typeof ours.privateKey } = {}) {
  const deployment_id = newId("deployment", at);
  const digest = more.digest ?? `sha256:${createHash("sha256").update(canonicalJson(bundle)).digest("hex")}`;
  const statement = { organization_id, gateway_id, target_id, deployment_id, version: 1, digest, ...more.statement };
  const signature = sign("sha256", Buffer.from(canonicalJson(statement)), more.key ?? ours.privateKey).toString(
    "base64",
  );
  const sealed = { statement, signature, secret_headers: {}, providers: [] };
  return { deployment_id, kind: "agent", digest, bundle, sealed };
}
async function registered(): Promise<string> {
  const body = registration();
  expect(await ask("POST", "/api/v1/agents/register", body)).toEqual({ status: 201, body: { id: body.deployment_id } });
  return body.deployment_id;
}
const endpoint = (revision: number, serves: readonly string[], more: object = {}) => ({
  name: "Support",
  environment: "development",
  revision,
  plan: "pro",
  open: true,
  serves: serves.map((deployment_id) => ({ deployment_id, weight: 100 })),
  channels: { rest: true, openai: true },
  allowed_origins: [],
  requests_per_minute: 600,
  keys: [],
  ...more,
});
const tell = (revision: number, serves: readonly string[], more: object = {}) =>
  ask("PUT", `/api/v1/endpoints/${gateway_id}/${target_id}`, endpoint(revision, serves, more));
const known = () => own().get(servedEndpointItem, { gateway_id, target_id });

describe("a registration", () => {
  it("is taken where it is what was signed, however often, and is known by its digest", async () => {
    const body = registration();
    for (let i = 0; i < 2; i++) expect((await ask("POST", "/api/v1/agents/register", body)).status).toBe(201);
    expect(await ask("GET", `/api/v1/agents/${body.deployment_id}`)).toEqual({
      status: 200,
      body: { digest: body.digest },
    });
  });

  it.each([
    ["whose digest is another one's", () => registration({ digest: "sha256:00" })],
    ["that another key has signed", () => registration({ key: pair().privateKey })],
    ["of another deployment", () => ({ ...registration(), deployment_id: newId("deployment", at) })],
    ["of another organization", () => registration({ statement: { organization_id: newId("organization", at) } })],
    ["with another bundle", () => ({ ...registration(), bundle: { ...bundle, contexts: [] } })],
    ["that is none", () => ({})],
  ])("%s is not taken", async (_, body) => {
    const sent = body();
    expect((await ask("POST", "/api/v1/agents/register", sent)).status).toBe(422);
    if ("deployment_id" in sent) expect((await ask("GET", `/api/v1/agents/${sent.deployment_id}`)).status).toBe(404);
  });

  it("is another organization's own: it is not known to any other", async () => {
    const id = await registered();
    expect((await ask("GET", `/api/v1/agents/${id}`, undefined, newId("organization", at))).status).toBe(404);
  });
});

describe("what is served", () => {
  const stored = async (): Promise<ServedAgent> => {
    const found = await own().get(servedAgentItem, { deployment_id: await registered() });
    if (found === undefined) throw new Error("it is not there");
    return found;
  };

  it("is exactly what was signed", async () => {
    const agent = await agentOf(await stored(), deps);
    expect(agent).toMatchObject({ organization_id, agent_id: target_id, version: 1 });
    expect(agent.definition.system_prompt).toBe("You help.");
    expect(agent.contexts.map(({ content }) => content)).toEqual([{ inline: "The sky is blue." }]);
  });

  it.each([
    [
      "another bundle",
      (read: ServedAgent) => ({ ...read, bundle: { inline: canonicalJson({ ...bundle, tools: [1] }) } }),
    ],
    [
      "another bundle with its digest",
      (read: ServedAgent) => {
        const text = canonicalJson({ ...bundle, contexts: [] });
        const digest = `sha256:${createHash("sha256").update(text).digest("hex")}`;
        return { ...read, bundle: { inline: text }, statement: { ...read.statement, digest } };
      },
    ],
    [
      "another agent's statement",
      (read: ServedAgent) => ({ ...read, statement: { ...read.statement, target_id: "agt_x" } }),
    ],
  ])("is nothing where somebody has put %s into the table", async (_, change) => {
    const changed = { ...change(await stored()), registered_at: timestamp(new Date()) };
    await expect(agentOf(changed, deps)).rejects.toBeInstanceOf(Tampered);
  });
});

describe("an endpoint", () => {
  it("answers by what is registered at its gateway only, and goes on as it was otherwise", async () => {
    const id = await registered();
    expect((await tell(1, [newId("deployment", at)])).status).toBe(409);
    expect(await known()).toBeUndefined();
    expect((await tell(2, [id])).status).toBe(200);
    expect((await known())?.serves).toEqual([{ deployment_id: id, weight: 100 }]);
  });

  it("is never told anew what was told before something later", async () => {
    const [first, second] = [await registered(), await registered()];
    await tell(3, [second]);
    expect((await tell(2, [first])).status).toBe(200);
    expect((await known())?.serves.map(({ deployment_id }) => deployment_id)).toEqual([second]);
    const revisions = await Promise.all([7, 5, 6, 4].map((revision) => tell(revision, [first])));
    expect(revisions.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    expect((await known())?.revision).toBe(7);
  });

  it("keeps what it answers by from being taken away, and is forgotten when it answers by nothing", async () => {
    const id = await registered();
    await tell(1, [id]);
    const place = `/api/v1/endpoints/${gateway_id}/${target_id}`;
    expect((await ask("DELETE", `/api/v1/agents/${id}`)).status).toBe(409);
    expect((await ask("DELETE", place)).status).toBe(409);
    await tell(2, []);
    expect((await ask("DELETE", `/api/v1/agents/${id}`)).status).toBe(204);
    expect(removed).toEqual([`versions/${organization_id}/${id}/`]);
    expect((await ask("DELETE", `/api/v1/agents/${id}`)).status).toBe(404);
    expect((await ask("DELETE", place)).status).toBe(204);
    expect((await ask("DELETE", place)).status).toBe(404);
  });

  it("and a request that is none of the protocol's", async () => {
    expect((await ask("GET", "/health")).body).toEqual({ status: "ok" });
    expect((await ask("POST", "/api/v1/agents")).status).toBe(404);
    expect((await tell(1, [], { requests_per_minute: 0 })).status).toBe(422);
  });
});

describe("what the data plane has used", () => {
  it("is recorded once, however often it is told; of another source it is not taken", async () => {
    const table = stackTable();
    const source_id = newId("served_call", at);
    const record = {
      id: newId("usage", at),
      organization_id,
      source_kind: "serve",
      source_id,
      call: "1",
      occurred_at: timestamp(at),
      day: timestamp(at).slice(0, 10),
      model: "m",
      provider: "p",
      tokens_in: 3,
      tokens_out: 4,
      estimated: false,
      cost_usd_micros: 5,
      price_version: "1",
      agent_id: target_id,
      agent_version: 1,
      run_id: null,
      actor: { type: "system", id: "test" },
    };
    await Promise.all(Array.from({ length: 4 }, () => takeOver({ detail: record }, { table })));
    const tenant = table.of(organization_id);
    expect(await tenant.get(usageItem, { source_kind: "serve", source_id, call: "1" })).toMatchObject(record);
    expect(await monthUsage(tenant, record.day.slice(0, 7))).toMatchObject({ records: 1, tokens_in: 3, tokens_out: 4 });
    await expect(takeOver({ detail: { ...record, source_kind: "execute" } }, { table })).rejects.toThrow("served");
    await expect(takeOver({ detail: { ...record, tokens_in: -1 } }, { table })).rejects.toThrow();
  });
});
