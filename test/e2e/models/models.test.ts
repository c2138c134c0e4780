import { beforeAll, describe, expect, inject, it } from "vitest";
import { plans } from "../../../shared/limits/plans.ts";
import { fill } from "../../support/agents.ts";
import { type Company, registerCompany, unique } from "../../support/api.ts";
import { auditTexts, outboxTexts } from "../../support/traces.ts";

let company: Company;
let other: Company;
beforeAll(async () => {
  [company, other] = await Promise.all([registerCompany(), registerCompany()]);
});

const OWN_MODEL = {
  name: "small",
  provider_model_id: "scripted-small",
  price: { input: 1_000_000, output: 2_000_000 },
};
const ownServer = () => ({ base_url: `${inject("stack").modelServerUrl}/v1`, models: [OWN_MODEL] });

describe("the catalogue", () => {
  it("lists every model once, page by page, with its price and whether it can be called", async () => {
    const ids: string[] = [];
    let cursor = "";
    do {
      const page = await company.call("GET", `/models?limit=7${cursor}`);
      expect(page.status).toBe(200);
      expect(page.body.items.length).toBeLessThanOrEqual(7);
      ids.push(...page.body.items.map(({ id }: { id: string }) => id));
      cursor = page.body.next_cursor === null ? "" : `&cursor=${page.body.next_cursor}`;
    } while (cursor !== "");
    expect(ids.length).toBeGreaterThan(20);
    expect(ids).toEqual([...new Set(ids)].sort());
    const bedrock = await company.call("GET", "/models/amazon-bedrock/claude-sonnet-4-5");
    expect(bedrock.body).toMatchObject({
      id: "amazon-bedrock/claude-sonnet-4-5",
      source: "catalogue",
      configured: true,
      price: { input: 3_000_000, output: 15_000_000, version: expect.any(String) },
    });
    const keyed = await company.call("GET", "/models?provider=openai&limit=100");
    expect(keyed.body.items.every((model: { configured: boolean }) => !model.configured)).toBe(true);
  });

  it("has no model that it does not have", async () => {
    expect((await company.call("GET", "/models/openai/gpt-99")).status).toBe(404);
    expect((await company.call("GET", "/models/nobody/gpt-4o")).status).toBe(404);
  });

  it("refuses the cursor of another list", async () => {
    const page = await company.call("GET", "/models?limit=3");
    const answer = await company.call("GET", `/models?limit=3&provider=openai&cursor=${page.body.next_cursor}`);
    expect(answer.status).toBe(422);
    expect(answer.body.code).toBe("invalid_cursor");
  });
});

describe("a provider's key", () => {
  it("is stored, makes its models callable, and is shown nowhere but for its last four characters", async () => {
    const key = `sk-${unique("secret")}-wxyz`;
    const put = await company.call("PUT", "/models/providers/openai", { api_key: key });
    expect(put.status).toBe(200);
    expect(put.body).toMatchObject({ name: "openai", configured: true, api_key_last4: "wxyz" });
    const read = await company.call("GET", "/models/providers/openai");
    expect(read.headers.get("etag")).toBe(put.headers.get("etag"));
    const listed = await company.call("GET", "/models/providers");
    const model = await company.call("GET", "/models/openai/gpt-4o");
    expect(model.body.configured).toBe(true);
    const traces = [put.text, read.text, listed.text, ...(await auditTexts(company)), ...(await outboxTexts(company))];
    expect(traces.length).toBeGreaterThan(5);
    for (const text of traces) expect(text).not.toContain(key);
    expect((await other.call("GET", "/models/openai/gpt-4o")).body.configured).toBe(false);
  });

  it("stays when the settings change, but does not follow to another address", async () => {
    const name = unique("srv");
    const first = await company.call("PUT", `/models/providers/${name}`, {
      ...ownServer(),
      api_key: "key-of-the-server-1234",
    });
    expect(first.status).toBe(200);
    const renamed = await company.call("PUT", `/models/providers/${name}`, { ...ownServer(), display_name: "Ours" });
    expect(renamed.body).toMatchObject({ display_name: "Ours", api_key_last4: "1234" });
    const moved = await company.call("PUT", `/models/providers/${name}`, {
      ...ownServer(),
      base_url: "https://elsewhere.example.com/v1",
    });
    expect(moved.status).toBe(422);
    expect(moved.body.issues).toEqual([expect.objectContaining({ path: "api_key" })]);
    const removed = await company.call("PUT", `/models/providers/${name}`, { ...ownServer(), api_key: null });
    expect(removed.body.api_key_last4).toBe(null);
  });

  it("goes with the provider", async () => {
    await company.call("PUT", "/models/providers/anthropic", { api_key: "sk-anthropic-0123456789" });
    expect((await company.call("DELETE", "/models/providers/anthropic")).status).toBe(204);
    expect((await company.call("DELETE", "/models/providers/anthropic")).status).toBe(404);
    expect((await company.call("GET", "/models/providers/anthropic")).body).toMatchObject({
      configured: false,
      api_key_last4: null,
    });
  });
});

describe("an OpenAI-compatible server of the organization", () => {
  it("adds its models under its own name and price, for this organization only", async () => {
    const name = unique("srv");
    expect((await company.call("PUT", `/models/providers/${name}`, ownServer())).status).toBe(200);
    const model = await company.call("GET", `/models/${name}/small`);
    expect(model.body).toMatchObject({
      id: `${name}/small`,
      provider: name,
      provider_type: "openai_compatible",
      source: "organization",
      configured: true,
      price: { input: 1_000_000, output: 2_000_000 },
    });
    expect((await other.call("GET", `/models/${name}/small`)).status).toBe(404);
    expect((await other.call("GET", `/models/providers/${name}`)).status).toBe(404);
  });

  it("of several requests at once that create it, one counts, and none is lost half-way", async () => {
    const name = unique("srv");
    const answers = await Promise.all(
      Array.from({ length: 6 }, () => company.call("PUT", `/models/providers/${name}`, ownServer())),
    );
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 6 }, () => 200));
    expect((await company.call("DELETE", `/models/providers/${name}`)).status).toBe(204);
    expect((await company.call("GET", `/models/providers/${name}`)).status).toBe(404);
  });

  it("is refused beyond the plan's number, by name of what is limited, and one that goes makes room", async () => {
    const crowded = await registerCompany();
    const limit = plans.free.model_providers;
    const add = (i: number) => crowded.call("PUT", `/models/providers/srv-${i}`, ownServer());
    expect((await fill(limit, add)).every(({ status }) => status === 200)).toBe(true);
    const beyond = await add(limit);
    expect(beyond.status).toBe(402);
    expect(beyond.body).toMatchObject({ code: "quota_exceeded", resource: "model_providers", limit, usage: limit });
    expect((await crowded.call("DELETE", "/models/providers/srv-0")).status).toBe(204);
    expect((await add(limit)).status).toBe(200);
  });
});

describe("settings that are wrong", () => {
  it.each([
    ["google", {}, "api_key"],
    ["openai", { api_key: "sk-0123456789ab", resource_name: "acme" }, "resource_name"],
    ["openai", { api_key: "sk-0123456789ab", models: [OWN_MODEL] }, "models"],
    ["azure", { api_key: "0123456789abcdef" }, "resource_name"],
    ["acme", {}, "base_url"],
    ["acme", { base_url: "https://models.example.com", models: [OWN_MODEL, OWN_MODEL] }, "models.1.name"],
    ["acme", { base_url: "https://models.example.com", key: "x" }, "key"],
    ["amazon-bedrock", { api_key: "sk-0123456789ab" }, "path.provider"],
    ["openai_compatible", { base_url: "https://models.example.com" }, "path.provider"],
  ])("for %s: %j names %s", async (name, body, path) => {
    const answer = await company.call("PUT", `/models/providers/${name}`, body);
    expect(answer.status).toBe(422);
    expect(answer.body.issues.map((issue: { path: string }) => issue.path)).toContain(path);
  });

  it.each([
    "https://169.254.169.254/v1",
    "https://10.0.0.5/v1",
    "ftp://models.example.com",
    "https://user:pw@models.example.com",
  ])("an address that must not be called is refused when it is saved: %s", async (base_url) => {
    const answer = await company.call("PUT", "/models/providers/acme", { base_url });
    expect(answer.status).toBe(422);
    expect(answer.body.code).toBe("unsafe_url");
  });

  it("a lost race is 412 for whoever asked not to lose one", async () => {
    const name = unique("srv");
    const stale = await company.call("PUT", `/models/providers/${name}`, ownServer());
    const etag = stale.headers.get("etag") ?? "";
    expect((await company.call("PUT", `/models/providers/${name}`, ownServer(), { "if-match": etag })).status).toBe(
      200,
    );
    expect((await company.call("PUT", `/models/providers/${name}`, ownServer(), { "if-match": etag })).status).toBe(
      412,
    );
    expect((await company.call("DELETE", `/models/providers/${name}`, undefined, { "if-match": etag })).status).toBe(
      412,
    );
  });
});
