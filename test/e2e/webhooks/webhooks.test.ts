import { beforeAll, describe, expect, it } from "vitest";
import { eventTypes } from "../../../functions/events.ts";
import { type Company, call, eventually, registerCompany, unique } from "../../support/api.ts";

let company: Company;
const open: Company[] = [];

beforeAll(async () => {
  company = await registerCompany();
});

const hook = { name: "CI", url: "https://example.com/hooks", events: ["webhook.updated"] };
const make = async (more: Record<string, unknown> = {}, owner = company) => {
  const answer = await owner.call("POST", "/webhooks", { ...hook, ...more });
  expect(answer.status, answer.text).toBe(201);
  return answer.body;
};

describe("webhooks", () => {
  it("shows the secret once, in the answer to the creation, and nowhere else", async () => {
    const created = await company.call("POST", "/webhooks", {
      ...hook,
      description: "builds",
      metadata: { team: "ci" },
    });
    expect(created.status).toBe(201);
    expect(created.headers.get("location")).toBe(`/api/v1/webhooks/${created.body.id}`);
    expect(created.body.secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect(created.body).toMatchObject({
      status: "active",
      events: ["webhook.updated"],
      consecutive_failures: 0,
      failing_since: null,
    });
    expect(JSON.stringify(created.body)).not.toContain("sealed");
    const read = await company.call("GET", `/webhooks/${created.body.id}`);
    const { secret, ...rest } = created.body;
    expect(read.body).toEqual(rest);
    expect((await company.call("GET", "/webhooks")).text).not.toContain(secret);
    const audit = await company.call("GET", `/webhooks/${created.body.id}/deliveries`);
    expect(audit.body).toEqual({ items: [], next_cursor: null });
  });

  it("a repeated creation with the same idempotency key gives the same webhook and the same secret", async () => {
    const headers = { "idempotency-key": unique() };
    const first = await company.call("POST", "/webhooks", { ...hook, name: "once" }, headers);
    const second = await company.call("POST", "/webhooks", { ...hook, name: "once" }, headers);
    expect(second.status).toBe(201);
    expect(second.body).toEqual(first.body);
    const all = await company.call("GET", "/webhooks?limit=100");
    expect(all.body.items.filter((one: { name: string }) => one.name === "once")).toHaveLength(1);
  });

  it.each([
    ["an empty list of events", { events: [] }, "events"],
    ["an unknown event", { events: ["agent.exploded"] }, "events.0"],
    ["a group in which nothing can happen", { events: ["nothing.*"] }, "events.0"],
    ["a pattern that is none", { events: ["agent*"] }, "events.0"],
    ["no name", { name: " " }, "name"],
    ["a name that is too long", { name: "x".repeat(121) }, "name"],
    ["an unknown field", { colour: "red" }, "colour"],
    ["a secret of one's own", { secret: "whsec_x" }, "secret"],
    ["more than 40 entries", { events: Array.from({ length: 41 }, () => "*") }, "events"],
  ])("refuses %s with 422 and says where", async (_, wrong, path) => {
    const answer = await company.call("POST", "/webhooks", { ...hook, ...wrong });
    expect(answer.status).toBe(422);
    expect(answer.body.code).toBe("validation_failed");
    expect(answer.body.issues.map((issue: { path: string }) => issue.path)).toContain(path);
  });

  it.each([
    "ftp://example.com/x",
    "https://10.0.0.1/x",
    "https://169.254.169.254/latest/meta-data",
    "https://[::1]/x",
    "https://[fd00::1]/x",
    "https://0xa.1/x",
    "https://metadata.internal/x",
    "https://user:secret@example.com/x",
    "https://example.com:22/x",
    "not a url",
  ])("refuses the address %s when it is saved", async (url) => {
    const answer = await company.call("POST", "/webhooks", { ...hook, url });
    expect(answer.status).toBe(422);
    expect(answer.body).toMatchObject({ code: "unsafe_url", issues: [{ path: "url" }] });
    const webhook = await make();
    const changed = await company.call("PATCH", `/webhooks/${webhook.id}`, { url });
    expect(changed.status).toBe(422);
    expect((await company.call("GET", `/webhooks/${webhook.id}`)).body.url).toBe("https://example.com/hooks");
  });

  it("accepts groups, everything and the older names of two events", async () => {
    const webhook = await make({ events: ["user.joined", "webhook.*", "*", "webhook.*"] });
    expect(webhook.events).toEqual(["*", "membership.added", "webhook.*"]);
  });

  it("the catalogue lists every event with the schema of its data, to whoever is signed in", async () => {
    const answer = await company.call("GET", "/webhooks/events");
    expect(answer.status).toBe(200);
    expect(answer.body.items.map((one: { type: string }) => one.type)).toEqual([...eventTypes]);
    const created = answer.body.items.find((one: { type: string }) => one.type === "webhook.created");
    expect(created.data_schema.properties).toHaveProperty("webhook_id");
    expect((await call("GET", "/webhooks/events")).status).toBe(401);
  });

  it("a change is merged, a stale one is refused with 412, and 20 at a time lose none", async () => {
    const webhook = await make({ metadata: { a: "1" } });
    const read = await company.call("GET", `/webhooks/${webhook.id}`);
    const etag = read.headers.get("etag") ?? "";
    const changed = await company.call("PATCH", `/webhooks/${webhook.id}`, { name: "renamed" }, { "if-match": etag });
    expect(changed.status).toBe(200);
    expect(changed.body).toMatchObject({ name: "renamed", metadata: { a: "1" }, url: webhook.url });
    const stale = await company.call("PATCH", `/webhooks/${webhook.id}`, { name: "lost" }, { "if-match": etag });
    expect(stale.status).toBe(412);
    const events = ["webhook.created", "webhook.updated", "webhook.deleted", "webhook.secret_rotated"];
    await Promise.all(
      events.map((event, i) =>
        company.call("PATCH", `/webhooks/${webhook.id}`, { events: [event], metadata: { i: `${i}` } }),
      ),
    );
    const end = await company.call("GET", `/webhooks/${webhook.id}`);
    expect(end.body.events).toEqual([events[Number(end.body.metadata.i)]]);
  });

  it("lists by page and by status", async () => {
    const other = await registerCompany();
    open.push(other);
    for (let i = 0; i < 5; i++) await make({ name: `w${i}` }, other);
    const first = await other.call("GET", "/webhooks?limit=3");
    expect(first.body.items).toHaveLength(3);
    const second = await other.call("GET", `/webhooks?limit=3&cursor=${first.body.next_cursor}`);
    expect(second.body.items).toHaveLength(2);
    expect(new Set([...first.body.items, ...second.body.items].map((one: { id: string }) => one.id)).size).toBe(5);
    const paused = first.body.items[1];
    await other.call("PATCH", `/webhooks/${paused.id}`, { status: "paused" });
    const filtered = await eventually(async () => {
      const answer = await other.call("GET", "/webhooks?status=paused");
      return answer.body.items.length === 1 ? answer : undefined;
    }, "the list by status");
    expect(filtered.body.items[0]).toMatchObject({ id: paused.id, status: "paused" });
    expect((await other.call("GET", "/webhooks?status=odd")).status).toBe(422);
    expect((await company.call("GET", `/webhooks?cursor=${first.body.next_cursor}`)).status).toBe(422);
  });

  it("another organization's webhook is like one that never was, for every operation", async () => {
    const webhook = await make();
    const other = open[0] ?? (await registerCompany());
    const nowhere = webhook.id.replace(/.{6}$/, "000000");
    for (const id of [webhook.id, nowhere]) {
      for (const [method, path, body] of [
        ["GET", "", undefined],
        ["PATCH", "", { name: "mine" }],
        ["DELETE", "", undefined],
        ["POST", "/rotate-secret", {}],
        ["POST", "/test", undefined],
        ["GET", "/deliveries", undefined],
        ["POST", "/replay", { since: new Date().toISOString() }],
      ] as const) {
        const answer = await other.call(method, `/webhooks/${id}${path}`, body);
        expect(answer.status, `${method} ${path}`).toBe(404);
        expect(answer.body).toMatchObject({ code: "not_found", detail: "There is no such resource." });
      }
    }
    expect((await company.call("GET", `/webhooks/${webhook.id}`)).body.name).toBe("CI");
  });

  it("a deleted webhook is gone", async () => {
    const webhook = await make();
    expect((await company.call("DELETE", `/webhooks/${webhook.id}`, undefined, { "if-match": '"old"' })).status).toBe(
      412,
    );
    expect((await company.call("DELETE", `/webhooks/${webhook.id}`)).status).toBe(204);
    expect((await company.call("GET", `/webhooks/${webhook.id}`)).status).toBe(404);
    expect((await company.call("DELETE", `/webhooks/${webhook.id}`)).status).toBe(404);
    expect((await company.call("GET", `/webhooks/${webhook.id}/deliveries`)).status).toBe(404);
  });

  it("at most five secrets sign at a time", async () => {
    const webhook = await make();
    const secrets = new Set([webhook.secret]);
    for (let i = 0; i < 4; i++) {
      const rotated = await company.call("POST", `/webhooks/${webhook.id}/rotate-secret`, { overlap_seconds: 600 });
      expect(rotated.status).toBe(200);
      secrets.add(rotated.body.secret);
      expect(rotated.body.secrets).toHaveLength(i + 2);
    }
    expect(secrets.size).toBe(5);
    expect((await company.call("POST", `/webhooks/${webhook.id}/rotate-secret`, {})).status).toBe(409);
  });

  it("a replay cannot begin before events are kept, in the future or backwards", async () => {
    const webhook = await make();
    const at = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString();
    for (const [body, path] of [
      [{ since: at(-31) }, "since"],
      [{ since: at(-1), until: at(1) }, "until"],
      [{ since: at(-1), until: at(-2) }, "since"],
      [{ since: "yesterday" }, "since"],
    ] as const) {
      const answer = await company.call("POST", `/webhooks/${webhook.id}/replay`, body);
      expect(answer.status).toBe(422);
      expect(answer.body.issues[0].path).toBe(path);
    }
    await company.call("PATCH", `/webhooks/${webhook.id}`, { status: "paused" });
    expect((await company.call("POST", `/webhooks/${webhook.id}/replay`, { since: at(-1) })).status).toBe(409);
  });
});
