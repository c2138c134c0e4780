import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { attemptItem, deliveryDue, deliveryItem, healthItem } from "../../../functions/webhooks/store.ts";
import { type Company, eventually, registerCompany } from "../../support/api.ts";
import { dueOf } from "../../support/due.ts";
import { type Receiver, startReceiver, verified } from "../../support/receiver.ts";
import { stackTable } from "../../support/stack.ts";
import { sweepDue } from "../../support/sweeper.ts";

let company: Company;
let other: Company;
let receiver: Receiver;

beforeAll(async () => {
  [company, other, receiver] = await Promise.all([registerCompany(), registerCompany(), startReceiver()]);
});
afterAll(() => receiver.close());

/** A webhook whose own changes are what it is told. */
const subscribe = async (path: string, events: string[], owner = company) => {
  const answer = await owner.call("POST", "/webhooks", { name: path, url: `${receiver.url}${path}`, events });
  expect(answer.status, answer.text).toBe(201);
  return answer.body as { id: string; secret: string };
};
const rename = async (id: string, name: string, owner = company) =>
  expect((await owner.call("PATCH", `/webhooks/${id}`, { name })).status).toBe(200);
const arrivals = (path: string, count: number, seconds = 60) =>
  eventually(
    async () => (receiver.at(path).length >= count ? receiver.at(path) : undefined),
    `${count} requests at ${path}`,
    seconds,
  );
const deliveries = async (id: string, query = "") =>
  (await company.call("GET", `/webhooks/${id}/deliveries${query}`)).body.items;
const ended = (id: string, delivery_id: string) =>
  eventually(async () => {
    const { body } = await company.call("GET", `/webhooks/${id}/deliveries/${delivery_id}`);
    return body.completed_at === null ? undefined : body;
  }, "the delivery's end");
const onlyDelivery = (id: string) =>
  eventually(async () => {
    const [one] = await deliveries(id);
    return one?.attempt_count > 0 ? one : undefined;
  }, "an attempt");

describe("deliveries", () => {
  it("an event reaches its subscribers, signed so that the reference library verifies it, and nobody else", async () => {
    const exact = await subscribe("/exact", ["webhook.updated"]);
    const group = await subscribe("/group", ["webhook.*", "webhook.updated", "*"]);
    const stranger = await subscribe("/stranger", ["webhook.deleted"]);
    const foreign = await subscribe("/foreign", ["*"], other);
    await rename(exact.id, "renamed");
    const [request] = await arrivals("/exact", 1);
    if (request === undefined) throw new Error("no request");
    expect(verified(request, exact.secret)).toEqual(request.event);
    expect(() => verified(request, group.secret)).toThrow();
    expect(request.event).toMatchObject({
      type: "webhook.updated",
      version: 1,
      organization_id: company.organization_id,
      actor: { type: "user", id: company.user_id },
      data: { webhook_id: exact.id, name: "renamed", changed_fields: ["name"] },
    });
    expect(request.headers).toMatchObject({
      "webhook-id": request.event.id,
      "webhook-event": "webhook.updated",
      "webhook-attempt": "1",
      "content-type": "application/json",
    });
    const about = (path: string) => receiver.at(path).filter((one) => one.event.type === "webhook.updated");
    const [toGroup] = await eventually(
      async () => (about("/group").length > 0 ? about("/group") : undefined),
      "the group",
    );
    expect(toGroup?.event.id).toBe(request.event.id);
    await rename(foreign.id, "marker", other);
    await eventually(async () => (about("/foreign").length > 0 ? true : undefined), "the foreign marker");
    expect(about("/foreign").map((one) => one.event.organization_id)).toEqual([other.organization_id]);
    expect(about("/group")).toHaveLength(1);
    expect(receiver.at("/stranger")).toEqual([]);
    const [delivery] = await deliveries(exact.id);
    expect(delivery).toMatchObject({
      status: "succeeded",
      event_id: request.event.id,
      attempt_count: 1,
      response_status: 200,
    });
    for (const { id } of [exact, group, stranger]) await company.call("DELETE", `/webhooks/${id}`);
    await other.call("DELETE", `/webhooks/${foreign.id}`);
  });

  it("is tried again after 500 and 429 with the same webhook-id, and says when", async () => {
    const hook = await subscribe("/flaky", ["webhook.updated"]);
    receiver.reply(
      "/flaky",
      { status: 429, headers: { "retry-after": "7" }, body: "x".repeat(70_000) },
      { status: 200, body: "ok" },
    );
    await rename(hook.id, "a");
    const first = await onlyDelivery(hook.id);
    expect(first).toMatchObject({ status: "retrying", response_status: 429, error_code: "server_error" });
    const wait = Date.parse(first.next_attempt_at) - Date.parse(first.updated_at);
    expect(wait).toBeGreaterThanOrEqual(7_000);
    const requests = await arrivals("/flaky", 2);
    expect(requests.map((one) => one.headers["webhook-attempt"])).toEqual(["1", "2"]);
    expect(new Set(requests.map((one) => one.headers["webhook-id"])).size).toBe(1);
    const end = await ended(hook.id, first.id);
    expect(end).toMatchObject({ status: "succeeded", attempt_count: 2, next_attempt_at: null });
    expect(end.attempts).toMatchObject([
      { number: 1, outcome: "failed", response_status: 429, error_code: "server_error" },
      { number: 2, outcome: "succeeded", response_status: 200, response_body: "ok", error_code: null },
    ]);
    expect(end.attempts[0].response_body).toBe("x".repeat(1_000));
    expect(end.event).toEqual(requests[0]?.event);
    expect((await company.call("GET", `/webhooks/${hook.id}`)).body.consecutive_failures).toBe(0);
  });

  it("is tried again hours later by way of the deployed sweeper", async () => {
    const hook = await subscribe("/resting", ["webhook.updated"]);
    receiver.reply("/resting", { status: 503, headers: { "retry-after": "7200" } }, { status: 200 });
    await rename(hook.id, "a");
    const first = await onlyDelivery(hook.id);
    const ref = `${hook.id}/${first.id}`;
    const due = async () => (await dueOf(company.organization_id)).filter((one) => one.ref === ref);
    expect((await due()).map(({ at }) => at)).toEqual([first.next_attempt_at]);
    expect(Date.parse(first.next_attempt_at) - Date.parse(first.updated_at)).toBeGreaterThanOrEqual(7_200_000);
    // Two hours later.
    const tenant = stackTable().of(company.organization_id);
    const key = { webhook_id: hook.id, id: first.id };
    const now = new Date();
    await tenant.transact([
      tenant.writes.update(deliveryItem, key, { set: { next_attempt_at: now.toISOString() } }),
      deliveryDue.set(tenant, ref, now),
    ]);
    await sweepDue();
    const requests = await arrivals("/resting", 2);
    expect(new Set(requests.map((one) => one.headers["webhook-id"])).size).toBe(1);
    expect(await ended(hook.id, first.id)).toMatchObject({ status: "succeeded", attempt_count: 2 });
    expect(await due()).toEqual([]);
  });

  it("follows no redirect, and takes a final refusal as final", async () => {
    const hook = await subscribe("/moved", ["webhook.updated"]);
    receiver.reply("/moved", { status: 302, headers: { location: `${receiver.url}/target` } });
    await rename(hook.id, "a");
    const moved = await onlyDelivery(hook.id);
    expect(moved).toMatchObject({ status: "failed", response_status: 302, error_code: "redirected", attempt_count: 1 });
    receiver.reply("/moved", { status: 404 });
    await rename(hook.id, "b");
    const refused = await eventually(async () => {
      const [newest] = await deliveries(hook.id);
      return newest.id !== moved.id && newest.attempt_count > 0 ? newest : undefined;
    }, "the second delivery");
    expect(refused).toMatchObject({ status: "failed", error_code: "rejected" });
    expect(receiver.at("/target")).toEqual([]);
    const health = (await company.call("GET", `/webhooks/${hook.id}`)).body;
    expect(health).toMatchObject({ status: "active", consecutive_failures: 2 });
    expect(health.failing_since).not.toBeNull();
    receiver.reply("/moved", { status: 200 });
    await rename(hook.id, "c");
    await eventually(async () => {
      const { body } = await company.call("GET", `/webhooks/${hook.id}`);
      return body.consecutive_failures === 0 && body.failing_since === null ? true : undefined;
    }, "the end of the failing");
    const failed = await deliveries(hook.id, "?status=failed");
    expect(failed.map((one: { id: string }) => one.id)).toEqual([refused.id, moved.id]);
  });

  it("410 disables the webhook at once, tells so, and activating it delivers again", async () => {
    const watcher = await subscribe("/watcher", ["webhook.auto_disabled"]);
    const hook = await subscribe("/gone", ["webhook.updated"]);
    receiver.reply("/gone", { status: 410 });
    await rename(hook.id, "a");
    const [told] = await arrivals("/watcher", 1);
    expect(told?.event.data).toMatchObject({ webhook_id: hook.id, reason: "gone" });
    expect(told?.event.actor).toEqual({ type: "system", id: "webhooks" });
    const mail = await eventually(async () => {
      const sent = await (await fetch(`${inject("stack").endpoint}/_ministack/ses/messages`)).text();
      return sent.includes(hook.id) ? sent : undefined;
    }, "the mail to whoever made the webhook");
    expect(mail).toContain(company.email);
    const disabled = (await company.call("GET", `/webhooks/${hook.id}`)).body;
    expect(disabled).toMatchObject({ status: "disabled", disabled_reason: "gone" });
    // Told to nobody, though it may not even have been fanned out when the webhook is active again.
    await rename(hook.id, "b");
    receiver.reply("/gone", { status: 200 });
    const active = await company.call("PATCH", `/webhooks/${hook.id}`, { status: "active", description: "mended" });
    expect(active.body).toMatchObject({
      status: "active",
      disabled_reason: null,
      disabled_at: null,
      consecutive_failures: 0,
    });
    const requests = await arrivals("/gone", 2);
    expect(requests.map((one) => one.event.data.changed_fields)).toEqual([
      ["name"],
      expect.arrayContaining(["status"]),
    ]);
    await company.call("DELETE", `/webhooks/${watcher.id}`);
  });

  it("what happens while a webhook is paused is not delivered, and can be replayed afterwards", async () => {
    const hook = await subscribe("/paused", ["webhook.secret_rotated"]);
    const since = new Date().toISOString();
    const marker = await subscribe("/marker", ["webhook.secret_rotated"]);
    await company.call("PATCH", `/webhooks/${hook.id}`, { status: "paused" });
    for (let i = 0; i < 3; i++)
      await company.call("POST", `/webhooks/${marker.id}/rotate-secret`, { overlap_seconds: 0 });
    await arrivals("/marker", 3);
    expect(receiver.at("/paused")).toEqual([]);
    expect(await deliveries(hook.id)).toEqual([]);
    await company.call("PATCH", `/webhooks/${hook.id}`, { status: "active" });
    const asked = await company.call("POST", `/webhooks/${hook.id}/replay`, { since });
    expect(asked.status).toBe(202);
    expect(asked.headers.get("location")).toBe(`/api/v1/webhooks/${hook.id}/replays/${asked.body.id}`);
    const replay = await eventually(async () => {
      const { body } = await company.call("GET", `/webhooks/${hook.id}/replays/${asked.body.id}`);
      return body.status === "completed" ? body : undefined;
    }, "the replay");
    expect(replay.deliveries_created).toBe(3);
    expect(replay.events_read).toBeGreaterThanOrEqual(5);
    const replayed = await arrivals("/paused", 3);
    const ids = (path: string) => new Set(receiver.at(path).map((one) => one.headers["webhook-id"]));
    expect(ids("/paused")).toEqual(ids("/marker"));
    expect(verified(replayed[0] ?? fail(), hook.secret)).toBeDefined();
  });

  it("a test is one attempt, waits for nobody and counts as no failure, also while paused", async () => {
    const hook = await subscribe("/tested", ["webhook.deleted"]);
    await company.call("PATCH", `/webhooks/${hook.id}`, { status: "paused" });
    receiver.reply("/tested", { status: 503 }, { status: 200 });
    const sent = await company.call("POST", `/webhooks/${hook.id}/test`);
    expect(sent.status).toBe(202);
    expect(sent.headers.get("location")).toBe(`/api/v1/webhooks/${hook.id}/deliveries/${sent.body.id}`);
    const end = await ended(hook.id, sent.body.id);
    expect(end).toMatchObject({
      test: true,
      status: "failed",
      attempt_count: 1,
      response_status: 503,
      event_type: "webhook.test",
    });
    expect((await company.call("GET", `/webhooks/${hook.id}`)).body.consecutive_failures).toBe(0);
    const again = await company.call("POST", `/webhooks/${hook.id}/test`);
    expect(await ended(hook.id, again.body.id)).toMatchObject({ status: "succeeded" });
    const [, request] = receiver.at("/tested");
    expect(verified(request ?? fail(), hook.secret)).toMatchObject({
      type: "webhook.test",
      data: { webhook_id: hook.id },
    });
  });

  it("during a rotation both secrets verify, afterwards only the new one", async () => {
    const hook = await subscribe("/rotated", ["webhook.updated"]);
    const rotated = (await company.call("POST", `/webhooks/${hook.id}/rotate-secret`, { overlap_seconds: 600 })).body;
    await rename(hook.id, "a");
    const [during] = await arrivals("/rotated", 1);
    for (const secret of [hook.secret, rotated.secret]) expect(verified(during ?? fail(), secret)).toBeDefined();
    const newest = (await company.call("POST", `/webhooks/${hook.id}/rotate-secret`, { overlap_seconds: 0 })).body;
    expect(newest.secrets).toHaveLength(2);
    await rename(hook.id, "b");
    const [, after] = await arrivals("/rotated", 2);
    expect(verified(after ?? fail(), newest.secret)).toBeDefined();
    expect(() => verified(after ?? fail(), rotated.secret)).toThrow();
  });

  it("a replayed delivery keeps the event's id and stands beside the old one", async () => {
    const hook = await subscribe("/again", ["webhook.updated"]);
    await rename(hook.id, "a");
    const [request] = await arrivals("/again", 1);
    const old = await ended(hook.id, (await onlyDelivery(hook.id)).id);
    const replayed = await company.call("POST", `/webhooks/${hook.id}/deliveries/${old.id}/replay`);
    expect(replayed.status).toBe(202);
    expect(replayed.body).toMatchObject({ replay_of: old.id, event_id: old.event_id, status: "pending" });
    expect(replayed.body.id).not.toBe(old.id);
    const requests = await arrivals("/again", 2);
    expect(requests[1]?.body).toBe(request?.body);
    expect(requests[1]?.headers["webhook-id"]).toBe(request?.headers["webhook-id"]);
    expect((await deliveries(hook.id)).map((one: { id: string }) => one.id)).toEqual([replayed.body.id, old.id]);
    const unknown = old.id.replace(/.{6}$/, "000000");
    expect((await company.call("POST", `/webhooks/${hook.id}/deliveries/${unknown}/replay`)).status).toBe(404);
    expect((await other.call("POST", `/webhooks/${hook.id}/deliveries/${old.id}/replay`)).status).toBe(404);
  });

  it("a receiver that does not answer is given up after ten seconds and tried again", async () => {
    const hook = await subscribe("/silent", ["webhook.updated"]);
    receiver.reply("/silent", { status: 200, hang: true }, { status: 200 });
    await rename(hook.id, "a");
    const first = await onlyDelivery(hook.id);
    expect(first).toMatchObject({ status: "retrying", response_status: null, error_code: "timeout" });
    const end = await ended(hook.id, first.id);
    expect(end).toMatchObject({ status: "succeeded", attempt_count: 2 });
    expect(end.attempts[0].duration_ms).toBeGreaterThanOrEqual(9_900);
    expect(end.attempts[0].duration_ms).toBeLessThan(15_000);
  });

  it("a deleted webhook takes its deliveries with it, and what waits for a retry is not sent", async () => {
    const hook = await subscribe("/deleted", ["webhook.updated"]);
    receiver.reply("/deleted", { status: 500, headers: { "retry-after": "30" } });
    await rename(hook.id, "a");
    const waiting = await onlyDelivery(hook.id);
    expect(waiting.status).toBe("retrying");
    const table = stackTable().of(company.organization_id);
    expect(await table.get(deliveryItem, { webhook_id: hook.id, id: waiting.id })).toBeDefined();
    expect((await company.call("DELETE", `/webhooks/${hook.id}`)).status).toBe(204);
    expect((await company.call("GET", `/webhooks/${hook.id}/deliveries`)).status).toBe(404);
    await eventually(async () => {
      const left = await Promise.all([
        table.get(deliveryItem, { webhook_id: hook.id, id: waiting.id }),
        table.get(attemptItem, { delivery_id: waiting.id, number: 1 }),
        table.get(healthItem, { webhook_id: hook.id }),
      ]);
      return left.every((item) => item === undefined) ? true : undefined;
    }, "nothing is left");
    expect(receiver.at("/deleted")).toHaveLength(1);
  });
});

function fail(): never {
  throw new Error("there is no such request");
}
