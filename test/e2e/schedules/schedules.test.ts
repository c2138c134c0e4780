import { beforeAll, expect, it } from "vitest";
import { type Company, eventually, registerCompany, unique } from "../../support/api.ts";
import { activePipeline, firingsOf, scheduleOf } from "../../support/schedules.ts";
import { sweepDue } from "../../support/sweeper.ts";

let company: Company;
let pipeline: string;
beforeAll(async () => {
  company = await registerCompany();
  pipeline = await activePipeline(company);
});

const fired = (id: string) =>
  eventually(async () => {
    await sweepDue();
    const [one] = await firingsOf(company, id);
    return one;
  }, "the schedule fires");
const begun = (run_id: string) =>
  eventually(async () => {
    const { body } = await company.call("GET", `/runs/${run_id}`);
    return body.status === "queued" ? undefined : body;
  }, `run ${run_id} begins`);

it("a schedule of two seconds from now starts a run, and is over", async () => {
  const at = new Date(Date.now() + 2_000).toISOString();
  const { id } = await scheduleOf(company, { trigger: { kind: "once", at }, input: { n: 1 } }, pipeline);
  const firing = await fired(id);
  expect(firing).toMatchObject({ kind: "once", status: "fired", due_at: at });
  expect(await begun(firing.run_id)).toMatchObject({ input: { n: 1 }, started_by: { id: company.user_id } });
  expect((await company.call("GET", `/schedules/${id}`)).body.status).toBe("completed");
  const resumed = await company.call("POST", `/schedules/${id}/resume`);
  expect([resumed.status, resumed.body.detail]).toEqual([409, "Its time has passed. Change its trigger first."]);
});

it("an event starts a run, and what was deleted hears no further one", async () => {
  const { id } = await scheduleOf(company, { trigger: { kind: "event", events: ["team.created"] } }, pipeline);
  const team = (await company.call("POST", "/teams", { name: unique("Team") })).body.id;
  const firing = await eventually(async () => (await firingsOf(company, id))[0], "the event fires");
  expect(firing).toMatchObject({ kind: "event", status: "fired" });
  expect((await begun(firing.run_id)).input.event).toMatchObject({ type: "team.created", data: { team_id: team } });
  expect((await company.call("DELETE", `/schedules/${id}`)).status).toBe(204);
  expect((await company.call("GET", `/schedules/${id}`)).status).toBe(404);
});

it("is paused, resumed, changed, run now, and shows when it comes by the clock of its zone", async () => {
  const trigger = { kind: "cron", cron: "30 2 29 3 *", timezone: "Europe/Berlin" };
  const { id } = await scheduleOf(company, { trigger }, pipeline);
  const seen = await company.call("GET", `/schedules/${id}/occurrences?count=1`);
  const [{ local }] = seen.body.items;
  expect(local).toMatch(/^\d{4}-03-29T0[23]:[03]0:00\+02:00$/);
  const paused = await company.call("POST", `/schedules/${id}/pause`);
  expect(paused.body).toMatchObject({ status: "paused", paused_reason: "requested", next_at: null });
  const again = await company.call("POST", `/schedules/${id}/pause`);
  expect([again.status, again.body.code]).toEqual([409, "conflict"]);
  const now = await company.call("POST", `/schedules/${id}/run`);
  expect([now.status, now.headers.get("location")]).toEqual([202, `/api/v1/runs/${now.body.id}`]);
  expect(await firingsOf(company, id)).toMatchObject([{ kind: "manual", run_id: now.body.id }]);
  const resumed = await company.call("POST", `/schedules/${id}/resume`);
  expect([resumed.status, resumed.body.status]).toEqual([200, "active"]);
  const changed = await company.call("PATCH", `/schedules/${id}`, { trigger: { kind: "cron", cron: "0 0 1 1 *" } });
  expect(changed.body.next_at).toMatch(/-01-01T00:00:00.000Z$/);
  const past = await company.call("PATCH", `/schedules/${id}`, {
    trigger: { kind: "once", at: "2020-01-01T00:00:00Z" },
  });
  expect([past.status, past.body.issues[0].path]).toEqual([422, "trigger.at"]);
  const own = await company.call("PATCH", `/schedules/${id}`, {
    trigger: { kind: "event", events: ["schedule.fired"] },
  });
  expect([own.status, own.body.issues[0].path]).toEqual([422, "trigger.events.0"]);
  const listed = await company.call("GET", `/schedules?pipeline_id=${pipeline}`);
  expect(listed.body.items.map((one: { id: string }) => one.id)).toContain(id);
});
