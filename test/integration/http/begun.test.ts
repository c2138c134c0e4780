import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { rightsFrom } from "../../../shared/access/grants.ts";
import { defineEvents, draft } from "../../../shared/change/events.ts";
import type { Call } from "../../../shared/http/call.ts";
import { createDispatcher } from "../../../shared/http/dispatch.ts";
import { operation } from "../../../shared/http/operation.ts";
import { newId } from "../../../shared/ids.ts";
import { organizationNamed } from "../../support/organization.ts";
import { stackPlatform } from "../../support/stack.ts";

const start = operation({
  id: "things.start",
  method: "POST",
  path: "/things",
  summary: "",
  permission: "agents:execute",
  resource: { type: "agent", list: true },
  request: { body: z.strictObject({}) },
  response: z.object({ id: z.string(), status: z.string(), text: z.string() }),
  success: 200,
  errors: [],
  outside_effect: true,
  unfinished: ["running"],
  location: "/things/{id}",
});

const events = defineEvents({
  "thing.begun": { summary: "", resource: "thing", data: z.object({ id: z.string() }), audited: false },
});

/** The operation behind a dispatcher on the real table; what is done after it has begun is told by the test. */
function starting(then: () => Promise<{ readonly status: string; readonly text: string }>, fails = false) {
  const at = new Date();
  const principal = { type: "user", id: newId("user", at) } as const;
  const stamps = { created_at: at.toISOString(), updated_at: at.toISOString(), etag: "e" };
  const organization = organizationNamed(newId("organization", at));
  const membership = {
    ...stamps,
    organization_id: organization.id,
    user_id: principal.id,
    role: "developer",
    joined_via: "registration",
    status: "active",
    primary: true,
    joined_at: at.toISOString(),
    last_seen_on: "0000-00-00",
    name_key: "ada",
  } as const;
  let begun = 0;
  const handlers = {
    async start(call: Call<typeof start>) {
      const id = `thing_${begun + 1}`;
      if (fails) throw new Error("It could not begin.");
      await call.begin(
        { writes: [], events: [draft(events, "thing.begun", { id }, { id })] },
        { id, status: "running", text: "" },
      );
      begun += 1;
      return { id, ...(await then()) };
    },
  };
  const platform = {
    ...stackPlatform(),
    authenticate: async () => ({
      principal,
      rights: rightsFrom(principal, organization, membership),
      session: undefined,
      signedIn: undefined,
      also: undefined,
      operator: undefined,
    }),
  };
  const dispatch = createDispatcher({ start }, handlers, platform, {});
  const key = randomBytes(8).toString("hex");
  return {
    counted: () => begun,
    async send() {
      const headers = { "idempotency-key": key, "content-type": "application/json" };
      const request = { method: "POST", path: "/api/v1/things", query: "", headers, body: "{}", ip: "127.0.0.1" };
      const answer = await dispatch(request);
      return { ...answer, body: JSON.parse(String(answer.body)) };
    },
  };
}

const provisional = {
  status: 202,
  headers: { location: "/api/v1/things/thing_1", "idempotent-replayed": "true" },
  body: { id: "thing_1", status: "running", text: "" },
};

describe("the key of a call that has begun", () => {
  it("is answered meanwhile with where to look, and from its end on with what came of it", async () => {
    let finish = (): void => undefined;
    const ended = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const things = starting(async () => {
      await ended;
      return { status: "done", text: "All of it." };
    });
    const first = things.send();
    while (things.counted() === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(await things.send()).toMatchObject(provisional);
    finish();
    expect(await first).toMatchObject({ status: 200, body: { status: "done" } });
    expect(await things.send()).toMatchObject({ status: 200, body: { id: "thing_1", text: "All of it." } });
    expect(things.counted()).toBe(1);
  });

  it("is not given back when what comes after fails: the same request begins nothing again", async () => {
    const things = starting(() => Promise.reject(new Error("The bucket is away.")));
    expect((await things.send()).status).toBe(500);
    expect(await things.send()).toMatchObject(provisional);
    expect(things.counted()).toBe(1);
  });

  it("keeps where to look when the answer is larger than an item; whoever waited gets all of it", async () => {
    const text = randomBytes(400_000).toString("base64");
    const things = starting(async () => ({ status: "done", text }));
    expect(await things.send()).toMatchObject({ status: 200, body: { text } });
    expect(await things.send()).toMatchObject(provisional);
    expect(things.counted()).toBe(1);
  });

  it("is given back when it could not begin", async () => {
    const things = starting(async () => ({ status: "done", text: "" }), true);
    expect([(await things.send()).status, (await things.send()).status]).toEqual([500, 500]);
  });
});
