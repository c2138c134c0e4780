import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { gatewayItem } from "../../../functions/gateways/store.ts";
import { timestamp } from "../../../shared/clock.ts";
import { type Company, eventually, registerCompany, unique } from "../../support/api.ts";
import { addMember } from "../../support/members.ts";
import { type Receiver, type Reply, startReceiver } from "../../support/receiver.ts";
import { stackTable } from "../../support/stack.ts";
import { sweepDue } from "../../support/sweeper.ts";

let company: Company;
let receiver: Receiver;
beforeAll(async () => {
  [company, receiver] = await Promise.all([registerCompany(), startReceiver()]);
});
afterAll(() => receiver.close());

const KEY = "a-key-of-the-gateway";
const at = (path: string) => `${receiver.url}${path}`;
const given = (path: string, more: object = {}) => ({
  name: unique("Gateway"),
  api_url: at(path),
  api_key: KEY,
  admin_state: "inactive",
  ...more,
});
const make = async (path: string, more: object = {}, owner: Pick<Company, "call"> = company) => {
  const answer = await owner.call("POST", "/gateways", given(path, more));
  expect(answer.status, answer.text).toBe(201);
  return answer.body;
};
const read = async (id: string) => (await company.call("GET", `/gateways/${id}`)).body;
const check = (id: string) => company.call("POST", `/gateways/${id}/health`);
const gone = async (id: string, owner: Pick<Company, "call"> = company) =>
  expect((await owner.call("DELETE", `/gateways/${id}`)).status).toBe(204);
const issuesOf = async (answer: ReturnType<Company["call"]>) => {
  const { status, body } = await answer;
  return [status, body.code, body.issues?.map(({ path }: { path: string }) => path)];
};

describe("a gateway", () => {
  it("is registered, shown without its key, and found by where and how it is", async () => {
    const answer = await company.call("POST", "/gateways", {
      name: "Cellar",
      api_url: at("/shown//"),
      api_key: KEY,
      admin_state: "inactive",
    });
    const { id } = answer.body;
    expect([answer.status, answer.headers.get("location")]).toEqual([201, `/api/v1/gateways/${id}`]);
    expect(answer.body).toMatchObject({
      id: expect.stringMatching(/^gtw_/),
      organization_id: company.organization_id,
      name: "Cellar",
      description: "",
      kind: "http",
      api_url: at("/shown"),
      health_check_url: null,
      allow_other_health_host: false,
      environment: "development",
      admin_state: "inactive",
      health: "unknown",
      last_check: null,
      key: { previous_until: null },
    });
    const production = await make("/shown", { environment: "production" });
    const texts = [answer, await company.call("GET", `/gateways/${id}`), await company.call("GET", "/gateways")];
    for (const { text } of texts) for (const secret of [KEY, "sealed", "epoch"]) expect(text).not.toContain(secret);
    expect(texts[1]?.body).toEqual(answer.body);
    expect(texts[1]?.headers.get("etag")).toMatch(/^"/);
    const list = async (query: string) =>
      (await company.call("GET", `/gateways?${query}`)).body.items.map((one: { id: string }) => one.id);
    expect(await list("")).toEqual([id, production.id]);
    expect(await list("environment=production")).toEqual([production.id]);
    expect(await list("environment=production&admin_state=inactive&health=unknown")).toEqual([production.id]);
    expect(await list("environment=development&health=unknown")).toEqual([id]);
    expect(await list("environment=development&admin_state=active")).toEqual([]);
    expect(await list("admin_state=inactive")).toEqual([id, production.id]);
    expect(await list("admin_state=inactive&health=healthy")).toEqual([]);
    expect(await list("health=unknown")).toHaveLength(2);
    const first = (await company.call("GET", "/gateways?limit=1")).body;
    expect(await list(`limit=1&cursor=${first.next_cursor}`)).toEqual([production.id]);
    expect((await company.call("GET", `/gateways?limit=1&health=unknown&cursor=${first.next_cursor}`)).status).toBe(
      422,
    );
    await gone(id);
    await gone(production.id);
  });

  it("has an address that may be called, and leads its key to no other host", async () => {
    const post = (more: object) => issuesOf(company.call("POST", "/gateways", given("/x", more)));
    expect(await post({ api_url: "https://10.0.0.1" })).toEqual([422, "unsafe_url", ["api_url"]]);
    expect(await post({ api_url: "https://169.254.169.254/latest" })).toEqual([422, "unsafe_url", ["api_url"]]);
    expect(await post({ api_url: "ftp://agents.example.com" })).toEqual([422, "unsafe_url", ["api_url"]]);
    expect(await post({ api_url: "https://me:secret@agents.example.com" })).toEqual([422, "unsafe_url", ["api_url"]]);
    for (const api_url of [at("/x?key=1"), at("/x#y")])
      expect(await post({ api_url })).toEqual([422, "validation_failed", ["api_url"]]);
    const elsewhere = { health_check_url: "https://elsewhere.example.com/health" };
    expect(await post(elsewhere)).toEqual([422, "validation_failed", ["health_check_url"]]);
    expect(await post({ ...elsewhere, health_check_url: "https://127.1.1.1/x" })).toEqual([
      422,
      "unsafe_url",
      ["health_check_url"],
    ]);
    expect(await post({ kind: "agentcore" })).toEqual([422, "validation_failed", ["kind"]]);
    expect(await post({ environment: "qa" })).toEqual([422, "validation_failed", ["environment"]]);
    expect(await post({ api_key: "with space" })).toEqual([422, "validation_failed", ["api_key"]]);
    const allowed = await make("/x", { ...elsewhere, allow_other_health_host: true });
    expect(allowed).toMatchObject(elsewhere);
    await gone(allowed.id);
  });

  it("is changed by who has seen it as it is; its key moves to another server only when it is given again", async () => {
    const { id } = await make("/moved");
    const { headers } = await company.call("GET", `/gateways/${id}`);
    const patch = (body: object, more = {}) => company.call("PATCH", `/gateways/${id}`, body, more);
    const if_match = { "if-match": headers.get("etag") ?? "" };
    const renamed = await patch({ name: "Renamed", environment: "staging" }, if_match);
    expect([renamed.status, renamed.body.name, renamed.body.environment]).toEqual([200, "Renamed", "staging"]);
    expect((await patch({ name: "Again" }, if_match)).status).toBe(412);
    expect((await company.call("DELETE", `/gateways/${id}`, undefined, if_match)).status).toBe(412);
    const key = { api_key: "another-key" };
    expect(await issuesOf(patch({ api_url: "https://agents.example.com" }))).toEqual([
      422,
      "validation_failed",
      ["api_key"],
    ]);
    expect((await patch({ api_url: at("/moved/v2") })).body.api_url).toBe(at("/moved/v2"));
    expect(await issuesOf(patch({ api_url: "https://127.1.1.1", ...key }))).toEqual([422, "unsafe_url", ["api_url"]]);
    const moved = await patch({ api_url: "https://agents.example.com", ...key });
    expect([moved.status, moved.body.api_url]).toEqual([200, "https://agents.example.com"]);
    const trail = await company.call("GET", `/audit/logs?resource_type=gateway&resource_id=${id}`);
    expect(trail.text).not.toContain("another-key");
    expect(trail.body.items[0]).toMatchObject({
      action: "gateway.updated",
      changes: [{ field: "api_url", old: at("/moved/v2"), new: "https://agents.example.com" }, { field: "api_key" }],
    });
    await gone(id);
    expect((await company.call("GET", `/gateways/${id}`)).status).toBe(404);
    expect((await company.call("DELETE", `/gateways/${id}`)).status).toBe(404);
  });

  it("is for operators to keep and for developers to see, and the plan says how many there are", async () => {
    const [operator, developer] = await Promise.all([addMember(company, "operator"), addMember(company, "developer")]);
    const { id } = await make("/roles", {}, operator);
    expect((await developer.call("GET", `/gateways/${id}`)).body.api_url).toBe(at("/roles"));
    for (const [method, path] of [
      ["POST", "/gateways"],
      ["PATCH", `/gateways/${id}`],
      ["DELETE", `/gateways/${id}`],
      ["POST", `/gateways/${id}/health`],
    ] as const)
      expect([path, (await developer.call(method, path, method === "DELETE" ? undefined : {})).status]).toEqual([
        path,
        403,
      ]);
    const ids = [id];
    while (ids.length < 5) ids.push((await make("/roles")).id);
    const over = await company.call("POST", "/gateways", given("/roles"));
    expect([over.status, over.body.code, over.body.limit]).toEqual([402, "quota_exceeded", 5]);
    for (const one of ids) await gone(one);
  });

  it("can be for policies and keys of one environment", async () => {
    const [staging, production] = [
      await make("/env", { environment: "staging" }),
      await make("/env", { environment: "production" }),
    ];
    const policy = await company.call("POST", "/policies", {
      name: unique("Production"),
      effect: "deny",
      resource_type: "gateway",
      action: "update",
      conditions: { path: "resource.environment", op: "eq", value: "production" },
      assignments: [{ type: "organization" }],
    });
    await company.call("POST", `/policies/${policy.body.id}/activate`);
    const described = (id: string, body: object = { description: "x" }) =>
      company.call("PATCH", `/gateways/${id}`, body);
    expect((await described(staging.id)).status).toBe(200);
    expect((await described(staging.id, { environment: "production" })).body.code).toBe("policy_denied");
    expect((await described(production.id)).body.code).toBe("policy_denied");
    expect((await check(production.id)).body.code).toBe("policy_denied");
    await company.call("POST", `/policies/${policy.body.id}/deactivate`);
    const { key } = (
      await company.call("POST", "/api-keys", {
        name: unique("CI"),
        scopes: ["gateways:read", "gateways:update"],
        environments: ["staging"],
      })
    ).body;
    const asKey = (method: string, path: string, body?: object) =>
      company.call(method, path, body, { authorization: `Bearer ${key}` });
    expect((await asKey("GET", "/gateways")).body.items.map((one: { id: string }) => one.id)).toEqual([staging.id]);
    expect((await asKey("PATCH", `/gateways/${staging.id}`, { description: "y" })).status).toBe(200);
    expect((await asKey("GET", `/gateways/${production.id}`)).body.code).toBe("key_confined");
    await gone(staging.id);
    await gone(production.id);
  });
});

describe("a check that is asked for", () => {
  const json = { "content-type": "application/json" };
  const cases: readonly (readonly [what: string, reply: Reply, expected: object, code: string | null])[] = [
    [
      "that is well",
      { status: 200, body: '{"status":"healthy"}', headers: json },
      { result: "healthy", status: 200 },
      null,
    ],
    ["that says nothing", { status: 200, body: "OK" }, { result: "healthy", status: 200 }, null],
    ["that is slow", { status: 200, after_ms: 2_300 }, { result: "degraded", status: 200 }, "slow"],
    [
      "that lies",
      { status: 200, body: '{"error":"no model"}', headers: json },
      { result: "unhealthy", status: 200 },
      "says_unhealthy",
    ],
    [
      "that warns",
      { status: 200, body: '{"status":"warn"}', headers: json },
      { result: "degraded", status: 200 },
      "says_degraded",
    ],
    [
      "with wrong JSON",
      { status: 200, body: '{"status":', headers: json },
      { result: "degraded", status: 200 },
      "invalid_body",
    ],
    ["that fails", { status: 503, body: KEY }, { result: "unhealthy", status: 503 }, "http_status"],
    ["that has no health", { status: 404 }, { result: "unhealthy", status: 404 }, "http_status"],
    [
      "that dies",
      { status: 200, body: '{"sta', headers: json, dies: true },
      { result: "unhealthy", status: null },
      "connection_closed",
    ],
    ["that never answers", { status: 200, hang: true }, { result: "unhealthy", status: null }, "timeout"],
  ];

  it("says what it found of each gateway, and keeps it newest first", { timeout: 60_000 }, async () => {
    const { id } = await make("/asked");
    const found = [];
    for (const [what, reply, expected, code] of cases) {
      receiver.reply("/asked/health", reply);
      const { status, body, text } = await check(id);
      expect([what, status, body.error?.code ?? null]).toEqual([what, 200, code]);
      expect([what, body]).toMatchObject([what, { ...expected, gateway_id: id, health: "unknown", key: "current" }]);
      expect(text).not.toContain(KEY);
      found.unshift(body);
    }
    for (const { headers } of receiver.at("/asked/health")) expect(headers.authorization).toBe(`Bearer ${KEY}`);
    const page = (query = "") => company.call("GET", `/gateways/${id}/health?limit=6${query}`);
    const first = (await page()).body;
    const second = (await page(`&cursor=${first.next_cursor}`)).body;
    expect(second.next_cursor).toBeNull();
    expect([...first.items, ...second.items]).toEqual(
      found.map(({ gateway_id: _, health: _h, checked_at, ...rest }) => ({ at: checked_at, ...rest })),
    );
    expect((await read(id)).last_check).toEqual(first.items[0]);
    const summary = await company.call("GET", `/gateways/${id}/health/summary`);
    expect([summary.status, summary.body]).toEqual([
      200,
      {
        checks: 10,
        first_at: found.at(-1)?.checked_at,
        last_at: found[0]?.checked_at,
        results: { healthy: 2, degraded: 3, unhealthy: 5 },
        availability: 0.5,
        response_time_ms: { p50: expect.any(Number), p95: expect.any(Number), p99: expect.any(Number) },
      },
    ]);
    const trail = await company.call("GET", `/audit/logs?resource_type=gateway&resource_id=${id}&limit=1`);
    expect(trail.body.items[0]).toMatchObject({ action: "gateway.checked", outcome: "succeeded" });
    await gone(id);
  });

  it("follows no redirect, and takes the key nowhere", async () => {
    const { id } = await make("/leads");
    receiver.reply("/leads/health", { status: 302, headers: { location: at("/stolen") } });
    expect((await check(id)).body).toMatchObject({ result: "unhealthy", status: 302, error: { code: "redirected" } });
    expect(receiver.at("/stolen")).toEqual([]);
    await gone(id);
  });

  it("of something that is not there is not known", async () => {
    const nowhere = "/gateways/gtw_00000000000000000000000001";
    for (const [method, path] of [
      ["POST", `${nowhere}/health`],
      ["GET", `${nowhere}/health`],
      ["GET", `${nowhere}/health/summary`],
      ["POST", `${nowhere}/rotate-key`],
    ] as const)
      expect((await company.call(method, path, path.endsWith("key") ? { api_key: "k" } : undefined)).status).toBe(404);
  });

  it("that meets a change of the gateway says so, and counts for nothing", async () => {
    const { id } = await make("/race");
    receiver.reply("/race/health", { status: 200, after_ms: 1_500 });
    const asked = check(id);
    await eventually(async () => receiver.at("/race/health")[0], "the gateway is asked");
    expect((await company.call("PATCH", `/gateways/${id}`, { api_url: at("/raced") })).status).toBe(200);
    const { status, body } = await asked;
    expect([status, body.code]).toEqual([409, "conflict"]);
    expect((await company.call("GET", `/gateways/${id}/health`)).body.items).toEqual([]);
    await gone(id);
  });
});

describe("the key of a gateway", () => {
  it("is rotated with an overlap, in which the one before is tried where the new one is refused", async () => {
    const { id } = await make("/rotated");
    const rotated = await company.call("POST", `/gateways/${id}/rotate-key`, {
      api_key: "the-new-key",
      overlap_seconds: 60,
    });
    expect([rotated.status, rotated.text.includes("the-new-key")]).toEqual([200, false]);
    expect(Date.parse(rotated.body.key.previous_until)).toBe(Date.parse(rotated.body.key.set_at) + 60_000);
    receiver.reply("/rotated/health", { status: 401 }, { status: 200 });
    expect((await check(id)).body).toMatchObject({ result: "healthy", key: "previous" });
    expect(receiver.at("/rotated/health").map(({ headers }) => headers.authorization)).toEqual([
      "Bearer the-new-key",
      `Bearer ${KEY}`,
    ]);
    const again = await company.call("POST", `/gateways/${id}/rotate-key`, {
      api_key: "a-third-key",
      overlap_seconds: 0,
    });
    expect(again.body.key.previous_until).toBeNull();
    receiver.reply("/rotated/health", { status: 403 });
    expect((await check(id)).body).toMatchObject({
      result: "unhealthy",
      key: "current",
      error: { code: "key_refused" },
    });
    expect(receiver.at("/rotated/health").at(-1)?.headers.authorization).toBe("Bearer a-third-key");
    const stale = { "if-match": '"01JDQ4X0Z5V8W3N7K2M9R6T1BC"' };
    const body = { api_key: "k", overlap_seconds: 0 };
    expect((await company.call("POST", `/gateways/${id}/rotate-key`, body, stale)).status).toBe(412);
    expect(
      await issuesOf(company.call("POST", `/gateways/${id}/rotate-key`, { ...body, overlap_seconds: 604_801 })),
    ).toEqual([422, "validation_failed", ["overlap_seconds"]]);
    await gone(id);
  });
});

it("a key is forgotten when its overlap is over: nothing of it is kept", async () => {
  const { id } = await make("/forgotten");
  const rotate = { api_key: "the-new-key", overlap_seconds: 1 };
  expect((await company.call("POST", `/gateways/${id}/rotate-key`, rotate)).status).toBe(200);
  const kept = async () => (await stackTable().of(company.organization_id).get(gatewayItem, { id }))?.keys ?? [];
  expect(await kept()).toHaveLength(2);
  const [left, ...others] = await eventually(
    async () => {
      await sweepDue();
      const keys = await kept();
      return keys.length < 2 ? keys : undefined;
    },
    "the key is forgotten",
    150,
  );
  expect([left?.expires_at, others]).toEqual([null, []]);
  await gone(id);
});

describe("checks that come by themselves", () => {
  /** Until the gateway has been asked so often; what is due is done meanwhile. */
  const askedTimes = (path: string, count: number) =>
    eventually(
      async () => {
        await sweepDue();
        return receiver.at(path).length >= count ? true : undefined;
      },
      `${path} is asked ${count} times`,
      240,
    );

  it("make an active gateway healthy, which is told; one that is taken out of use stays so", {
    timeout: 300_000,
  }, async () => {
    const hook = await company.call("POST", "/webhooks", { name: "Health", url: at("/hook"), events: ["gateway.*"] });
    expect(hook.status, hook.text).toBe(201);
    receiver.reply("/live/health", { status: 200, body: '{"status":"pass"}' });
    const { id } = await make("/live", { admin_state: "active", environment: "production" });
    await askedTimes("/live/health", 1);
    const two = [await check(id), await check(id)];
    expect(two.map(({ status }) => status)).toEqual([200, 200]);
    const healthy = await eventually(async () => {
      await sweepDue();
      const one = await read(id);
      return one.health === "healthy" ? one : undefined;
    }, "the gateway is healthy");
    expect(healthy).toMatchObject({ admin_state: "active", last_check: { result: "healthy", key: "current" } });
    expect(healthy.health_since > healthy.created_at).toBe(true);
    const told = await eventually(
      async () => receiver.at("/hook").find(({ event }) => event.type === "gateway.health_changed"),
      "the webhook is told",
    );
    expect(told.event.data).toEqual({
      gateway_id: id,
      name: healthy.name,
      environment: "production",
      health: "healthy",
      before: "unknown",
      error_code: null,
    });
    expect((await company.call("GET", "/gateways?health=healthy&environment=production")).body.items).toMatchObject([
      { id },
    ]);
    // By itself once more: the due thing moves on.
    await askedTimes("/live/health", 4);

    const off = await company.call("PATCH", `/gateways/${id}`, { admin_state: "inactive" });
    expect(off.body).toMatchObject({ admin_state: "inactive", health: "unknown", last_check: null });
    for (let i = 0; i < 3; i++) expect((await check(id)).body).toMatchObject({ result: "healthy", health: "unknown" });
    await sweepDue();
    expect(await read(id)).toMatchObject({ admin_state: "inactive", health: "unknown" });
    const since = timestamp(new Date());
    const on = await company.call("PATCH", `/gateways/${id}`, { admin_state: "active" });
    expect(on.body).toMatchObject({ admin_state: "active", health: "unknown", last_check: null });
    receiver.reply("/live/health", { status: 500 });
    for (let i = 0; i < 3; i++) await check(id);
    const ill = await read(id);
    expect([ill.admin_state, ill.health]).toEqual(["active", "unhealthy"]);
    expect(ill.health_since >= since).toBe(true);
    await gone(id);
    await company.call("DELETE", `/webhooks/${hook.body.id}`);
  });
});
