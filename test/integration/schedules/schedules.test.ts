import { beforeAll, describe, expect, it } from "vitest";
import { noTotals } from "../../../functions/runs/model.ts";
import { runStateItem } from "../../../functions/runs/store.ts";
import { scheduleChainItem, scheduleStateItem } from "../../../functions/schedules/store.ts";
import type { Envelope } from "../../../shared/change/events.ts";
import { addSeconds } from "../../../shared/clock.ts";
import { newId } from "../../../shared/ids.ts";
import { quotaItem } from "../../../shared/limits/quota.ts";
import type { Company } from "../../support/api.ts";
import { dueOf } from "../../support/due.ts";
import { addMember } from "../../support/members.ts";
import { roomyCompany } from "../../support/plans.ts";
import { activePipeline, comeDue, firingsOf, hear, scheduleOf } from "../../support/schedules.ts";
import { stackTable } from "../../support/stack.ts";
import { blobs } from "../runs/harness.ts";

let company: Company;
let pipeline: string;
beforeAll(async () => {
  company = await roomyCompany();
  pipeline = await activePipeline(company);
});

const deps = () => ({ table: stackTable(), blobs: blobs() });
const own = () => stackTable().of(company.organization_id);
const read = async (id: string) => (await company.call("GET", `/schedules/${id}`)).body;
const made = (more: object = {}) => scheduleOf(company, more, pipeline);
const dueAt = async (id: string) =>
  (await dueOf(company.organization_id)).filter(({ ref }) => ref === id).map(({ at }) => at);
/** So many live runs that no end of one makes room. */
const FULL = 3_000;
const told = (type: string, data: Record<string, unknown>, trace_id = newId("request", new Date())): Envelope => {
  const at = addSeconds(new Date(), 60);
  return {
    id: newId("event", at),
    type,
    version: 1,
    organization_id: company.organization_id,
    actor: { type: "user", id: company.user_id },
    occurred_at: at.toISOString(),
    trace_id,
    data,
  };
};
const outcomes = async (id: string) =>
  (await firingsOf(company, id)).map((one: { status: string; reason: { code: string } | null }) => [
    one.status,
    one.reason?.code ?? null,
  ]);

describe("a time that has come", () => {
  it("starts one run, however many workers see it at once and again, and the next time is due", async () => {
    const { id, next_at } = await made({ input: { n: 1 }, metadata: { of: "schedule" } });
    expect(await dueAt(id)).toEqual([next_at]);
    const at = addSeconds(new Date(next_at), 30);
    await comeDue(company, id, addSeconds(new Date(next_at), -1), deps());
    expect(await firingsOf(company, id)).toEqual([]);
    await comeDue(company, id, at, deps(), 8);
    await comeDue(company, id, at, deps(), 2);
    const [firing, ...more] = await firingsOf(company, id);
    expect(more).toEqual([]);
    expect(firing).toMatchObject({ kind: "cron", status: "fired", due_at: next_at, reason: null });
    const run = (await company.call("GET", `/runs/${firing.run_id}`)).body;
    expect(run).toMatchObject({
      input: { n: 1 },
      metadata: { of: "schedule" },
      started_by: { type: "user", id: company.user_id },
    });
    const later = `${Number(next_at.slice(0, 4)) + 1}-01-01T00:00:00.000Z`;
    expect(await read(id)).toMatchObject({ next_at: later, last_run_id: firing.run_id, consecutive_failures: 0 });
    expect(await dueAt(id)).toEqual([later]);
  });

  it("that was missed is made up for once or skipped, as the schedule says", async () => {
    const [once, skips] = [await made({ missed: "run_once" }), await made({ missed: "skip" })];
    const late = addSeconds(new Date(once.next_at), 3 * 366 * 86_400);
    for (const { id } of [once, skips]) await comeDue(company, id, late, deps());
    expect(await outcomes(once.id)).toEqual([["fired", null]]);
    expect(await outcomes(skips.id)).toEqual([["skipped", "missed"]]);
    for (const { id } of [once, skips]) expect(Date.parse((await read(id)).next_at)).toBeGreaterThan(late.getTime());
  });

  it("is the only one of a schedule that comes once", async () => {
    const at = new Date(Date.now() + 86_400_000).toISOString();
    const { id, next_at } = await made({ trigger: { kind: "once", at } });
    expect(next_at).toBe(at);
    await comeDue(company, id, new Date(at), deps(), 4);
    expect(await outcomes(id)).toEqual([["fired", null]]);
    expect(await read(id)).toMatchObject({ status: "completed", next_at: null });
    expect(await dueAt(id)).toEqual([]);
  });

  it("is told and stands in the trail also where it starts nothing, and ends a schedule that comes once", async () => {
    const at = new Date(Date.now() + 86_400_000).toISOString();
    const { id } = await made({ trigger: { kind: "once", at }, missed: "skip" });
    await comeDue(company, id, addSeconds(new Date(at), 3_600), deps(), 3);
    expect(await outcomes(id)).toEqual([["skipped", "missed"]]);
    expect(await read(id)).toMatchObject({ status: "completed", next_at: null });
    const { body } = await company.call("GET", `/audit/resources/schedule/${id}`);
    expect(body.items.map(({ action, outcome }: { action: string; outcome: string }) => [action, outcome])).toEqual([
      ["schedule.skipped", "cancelled"],
      ["schedule.created", "succeeded"],
    ]);
  });

  it("starts nothing while the run before goes on, where overlap is skipped", async () => {
    const { id, next_at } = await made({ overlap: "skip" });
    const run_id = newId("run", new Date());
    const live = { run_id, status: "running", sequence: 1, expires_at: "2099-01-01T00:00:00.000Z" } as const;
    const last = { set: { last_run_id: run_id } };
    await own().transact([
      own().writes.put(runStateItem, { ...live, ...noTotals }),
      own().writes.update(scheduleStateItem, { schedule_id: id }, last),
    ]);
    await comeDue(company, id, new Date(next_at), deps());
    expect(await outcomes(id)).toEqual([["skipped", "overlap"]]);
    await own().transact([own().writes.update(runStateItem, { run_id }, { set: { status: "completed" } })]);
    await comeDue(company, id, new Date((await read(id)).next_at), deps());
    expect(await outcomes(id)).toEqual([
      ["fired", null],
      ["skipped", "overlap"],
    ]);
  });
});

describe("what cannot start", () => {
  it("is recorded with the reason; after ten failures in a row the schedule pauses itself until it is resumed", async () => {
    const other = await activePipeline(company);
    const { id } = await scheduleOf(company, {}, other);
    expect((await company.call("POST", `/pipelines/${other}/deactivate`, {})).status).toBe(200);
    for (let i = 1; i <= 10; i++) {
      expect(await read(id)).toMatchObject({ status: "active", consecutive_failures: i - 1 });
      await comeDue(company, id, new Date((await read(id)).next_at), deps(), 2);
    }
    expect(await read(id)).toMatchObject({
      status: "paused",
      paused_reason: "failures",
      next_at: null,
      last_error: { code: "conflict" },
    });
    expect(await outcomes(id)).toEqual(Array(10).fill(["failed", "conflict"]));
    expect(await dueAt(id)).toEqual([]);
    const resumed = (await company.call("POST", `/schedules/${id}/resume`)).body;
    expect(resumed).toMatchObject({ status: "active", consecutive_failures: 0, paused_reason: null });
    expect(await dueAt(id)).toEqual([resumed.next_at]);
  });

  it("is what its owner may not start any more, and what the plan has no room for", async () => {
    const maker = await addMember(company, "developer");
    const { id, next_at } = await scheduleOf({ ...company, call: maker.call }, {}, pipeline);
    await company.call("POST", `/users/${maker.user_id}/suspend`);
    await comeDue(company, id, new Date(next_at), deps());
    expect(await outcomes(id)).toEqual([["failed", "forbidden"]]);

    const full = await made();
    await filled({ live_runs: FULL, queued_runs: 5_000 }, () =>
      comeDue(company, full.id, new Date(full.next_at), deps()),
    );
    expect(await outcomes(full.id)).toEqual([["failed", "quota_exceeded"]]);
  });

  it("has the budget of its schedule, which may be changed and taken away", async () => {
    const { id } = await made({ budget: { tokens: 5_000 } });
    const started = async () => (await company.call("POST", `/schedules/${id}/run`)).body.budget;
    expect(await started()).toMatchObject({ tokens: 5_000, cost_usd_micros: null, spent: { tokens: 0 } });
    const changed = await company.call("PATCH", `/schedules/${id}`, { budget: { cost_usd_micros: 7 } });
    expect([changed.status, changed.body.budget]).toEqual([200, { cost_usd_micros: 7 }]);
    expect(await started()).toMatchObject({ tokens: null, cost_usd_micros: 7 });
    await company.call("PATCH", `/schedules/${id}`, { budget: null });
    expect(await started()).toBeNull();
    expect((await company.call("PATCH", `/schedules/${id}`, { budget: {} })).status).toBe(422);
  });

  it("waits in the queue where the plan has no place right now", async () => {
    const { id, next_at } = await made();
    await filled({ live_runs: FULL }, async () => {
      await comeDue(company, id, new Date(next_at), deps());
      const { body } = await company.call("GET", `/schedules/${id}/firings`);
      const run = await company.call("GET", `/runs/${body.items[0].run_id}`);
      expect(run.body).toMatchObject({ status: "queued", queue: { position: 1, waiting_for: "organization" } });
      expect((await company.call("POST", `/runs/${run.body.id}/stop`)).body.status).toBe("stopped");
    });
  });

  it("fires with all that a schedule may say of its runs, by its time, by an event and by hand, also where the run has to wait", async () => {
    const labels = Array.from({ length: 10 }, (_, i) => `label-${i}`);
    const most = { labels, budget: { tokens: 5_000, cost_usd_micros: 9_000 }, metadata: { of: "all" } };
    const timed = await made(most);
    const heard = await made({ ...most, trigger: { kind: "event", events: ["team.updated"] } });
    await filled({ live_runs: FULL }, async () => {
      await comeDue(company, timed.id, new Date(timed.next_at), deps());
      await hear(told("team.updated", {}), deps());
      const byHand = await company.call("POST", `/schedules/${timed.id}/run`, undefined, {
        "idempotency-key": newId("request", new Date()),
      });
      expect([byHand.status, byHand.body.queue?.waiting_for]).toEqual([202, "organization"]);
      const fired = [...(await firingsOf(company, timed.id)), ...(await firingsOf(company, heard.id))];
      expect(fired.map(({ kind, status }) => [kind, status]).sort()).toEqual([
        ["cron", "fired"],
        ["event", "fired"],
        ["manual", "fired"],
      ]);
      for (const { run_id } of fired) {
        const { body } = await company.call("GET", `/runs/${run_id}`);
        expect(body).toMatchObject({ status: "queued", labels, budget: { tokens: 5_000 } });
        expect((await company.call("POST", `/runs/${run_id}/stop`)).body.status).toBe("stopped");
      }
    });
  });

  /** Does something while the organization has so many of these. */
  async function filled(counts: Readonly<Record<string, number>>, work: () => Promise<unknown>) {
    const before: { resource: string; used: number }[] = [];
    for (const resource of Object.keys(counts))
      before.push((await own().get(quotaItem, { resource })) ?? { resource, used: 0 });
    await own().transact(
      Object.entries(counts).map(([resource, used]) => own().writes.put(quotaItem, { resource, used })),
    );
    await work();
    await own().transact(before.map((count) => own().writes.put(quotaItem, count)));
  }
});

describe("an event", () => {
  it("that meets the condition starts one run with the event in its input, though it is told twice at once", async () => {
    const condition = { path: "input.event.data.name", op: "eq", value: "Wanted" };
    const trigger = { kind: "event", events: ["team.deleted"], condition };
    const { id } = await made({ trigger, input: { n: 1 } });
    const event = told("team.deleted", { name: "Wanted" });
    await hear(event, deps(), 4);
    await hear(event, deps());
    await hear(told("team.deleted", { name: "Other" }), deps());
    await hear(told("team.created", { name: "Wanted" }), deps());
    const [firing, ...more] = await firingsOf(company, id);
    expect(more).toEqual([]);
    expect(firing).toMatchObject({ kind: "event", status: "fired", event_id: event.id });
    const run = (await company.call("GET", `/runs/${firing.run_id}`)).body;
    expect(run.input).toEqual({ n: 1, event });
  });

  it("of a run's own chain starts no run of a schedule that led to it, nor of any after five", async () => {
    const { id } = await made({ trigger: { kind: "event", events: ["team.updated"] } });
    await hear(told("team.updated", {}), deps());
    const [{ run_id }] = await firingsOf(company, id);
    const { trace_id } = (await company.call("GET", `/runs/${run_id}`)).body;
    await hear(told("team.updated", {}, trace_id), deps());
    expect((await firingsOf(company, id)).length).toBe(1);
    const chain = await own().get(scheduleChainItem, { trace_id });
    expect(chain?.schedules).toEqual([id]);
    const schedules = Array.from({ length: 5 }, () => newId("schedule", new Date()));
    await own().transact([
      own().writes.put(scheduleChainItem, { trace_id, schedules, expires_at: "2099-01-01T00:00:00.000Z" }),
    ]);
    await hear(told("team.updated", {}, trace_id), deps());
    expect((await firingsOf(company, id)).length).toBe(1);
  });

  it("starts nothing beyond thirty runs in a minute; the first that is left out is recorded", async () => {
    const { id } = await made({ trigger: { kind: "event", events: ["team.created"] } });
    const event = told("team.created", {});
    const minute = event.occurred_at.slice(0, 16);
    await own().transact([
      own().writes.update(scheduleStateItem, { schedule_id: id }, { set: { minute, in_minute: 30 } }),
    ]);
    for (let i = 0; i < 3; i++) await hear({ ...event, id: newId("event", new Date(event.occurred_at)) }, deps());
    expect(await outcomes(id)).toEqual([["skipped", "rate_limited"]]);
  });
});
