import { describe, expect, it } from "vitest";
import { declaredStatesOfAllRooms } from "../../../docs/render/states.ts";
import { stepOf } from "../../../functions/runs/log/views.ts";
import { runStates, runStatuses, stepStates, stepStatuses } from "../../../functions/runs/model.ts";
import type { RunStep } from "../../../functions/runs/store.ts";
import { defineStates } from "../../../shared/states.ts";

const light = defineStates(
  "light",
  ["off", "on", "broken"],
  [
    { from: [], to: "off", why: "It is new." },
    { from: ["off"], to: "on", why: "Somebody switches it on." },
    { from: ["on"], to: "off", why: "Somebody switches it off." },
    { from: ["off", "on"], to: "broken", why: "It falls." },
  ],
);

describe("a table of states", () => {
  it("gives the condition of a move and the refusal of what it does not hold, naming the actual state", () => {
    expect(light.from("broken")).toEqual(["off", "on"]);
    expect(light.allows("broken", "on")).toBe(false);
    expect(light.ends).toEqual(["broken"]);
    const refusal = light.refusal("broken", "broken");
    expect(refusal.detail).toBe("The light is broken; this needs it to be off or on.");
    expect(refusal.options.members).toEqual({ state: "broken" });
    expect(light.refusal("off", ["on"]).detail).toBe("The light is off; this needs it to be on.");
  });

  it("refuses a state that nothing leads to", () => {
    expect(() => defineStates("door", ["open", "shut"], [{ from: [], to: "open", why: "It is new." }])).toThrow(
      "door shut",
    );
  });

  it("stands once for each noun of the product, and every state can be reached from a new thing", async () => {
    const all = (await declaredStatesOfAllRooms()).filter(({ noun }) => noun !== "light");
    expect(new Set(all.map(({ noun }) => noun)).size).toBe(all.length);
    const nouns = [
      "agent",
      "api_key",
      "approval",
      "audit stream",
      "context",
      "delivery",
      "deployment",
      "domain",
      "erasure",
      "erasure of a person",
      "gateway",
      "health of a gateway",
      "index of a context",
      "invitation",
      "legal hold",
      "member",
      "operator access",
      "organization",
      "ownership transfer",
      "pipeline",
      "policy",
      "promotion",
      "removal",
      "role",
      "run",
      "schedule",
      "service_account",
      "sso_connection",
      "step",
      "suite_run",
      "trace_export",
      "webhook",
      "webhook replay",
      "workspace",
    ];
    expect(all.map(({ noun }) => noun).sort()).toEqual(nouns);
    for (const { noun, names, moves } of all) {
      const reached = new Set<string>();
      for (let before = -1; before < reached.size; ) {
        before = reached.size;
        for (const { from, to } of moves)
          if (from.length === 0 || from.some((one) => reached.has(one))) reached.add(to);
      }
      expect([noun, [...reached].sort()]).toEqual([noun, [...names].sort()]);
    }
  });
});

describe("the states of runs and steps", () => {
  it("let nothing follow the end of a run", () => {
    expect(runStates.ends).toEqual(["completed", "failed", "stopped", "timed_out"]);
  });

  const attempt = (status: RunStep["status"]): RunStep => ({
    run_id: "run_01JDQ4X0Z5V8W3N7K2M9R6T1BC",
    node_id: "a",
    attempt: 2,
    kind: "http",
    status,
    started_at: status === "waiting" ? null : "2026-05-01T10:00:00.000Z",
    finished_at: status === "running" || status === "waiting" ? null : "2026-05-01T10:00:01.000Z",
    approval_id: null,
    work_key: null,
    recorded_run_id: null,
    fault: null,
    replayed_calls: 0,
    agent: null,
    calls: [],
    sent: null,
    resources: [],
    prompt: null,
    retrieved: null,
    model: null,
    tokens_in: 0,
    tokens_out: 0,
    cost_usd_micros: 0,
    error: null,
    output: null,
    handle: null,
    choice: null,
    blocked: [],
    retry_in_ms: null,
    wait_until: status === "waiting" ? "2026-05-01T10:10:00.000Z" : null,
    waits_for: null,
    expires_at: "2026-06-01T10:00:00.000Z",
  });
  const cases = runStatuses.flatMap((run) => stepStatuses.map((step) => [run, step] as const));

  it.each(cases)("show in a %s run no attempt that goes on: stored as %s", (status, stored) => {
    const over = runStates.ends.includes(status);
    const finished_at = over ? "2026-05-01T10:00:03.000Z" : null;
    const shown = stepOf(attempt(stored), { status, finished_at });
    const open = stored === "running" || stored === "waiting";
    if (!over || !open) {
      expect(shown.status).toBe(stored);
      return;
    }
    expect(shown).toMatchObject({ status: "stopped", wait_until: null, finished_at });
    expect(shown.duration_ms).toBe(stored === "running" ? 3_000 : null);
    expect(stepStates.allows(stored, "stopped")).toBe(true);
  });
});
