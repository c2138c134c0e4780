import { describe, expect, it } from "vitest";
import { graphSchema } from "../../../functions/pipelines/graph/public.ts";
import { follow } from "../../../functions/runs/log/follow.ts";
import { stepOf } from "../../../functions/runs/log/views.ts";
import { quotaItem } from "../../../shared/limits/quota.ts";
import { stackTable } from "../../support/stack.ts";
import { all, drive, look, startRun } from "./harness.ts";

const agent = (id: string, more: object = {}) => ({
  id,
  kind: "agent",
  label: id,
  config: { agent_id: "agt_1", ...more },
});
/** input, then a, b and c in a row, then output. */
const chain = graphSchema.parse({
  nodes: [
    { id: "in", kind: "input", label: "in", config: {} },
    ...["a", "b", "c"].map((id) => agent(id)),
    { id: "out", kind: "output", label: "out", config: {} },
  ],
  connections: ["in a", "a b", "b c", "c out"].map((ends, i) => {
    const [source, target] = ends.split(" ");
    return { id: `c${i}`, source, target };
  }),
});
const fine = { ok: true, output: { k: 1 } } as const;

/** A clock that a test moves. */
function movable() {
  let ahead = 0;
  return {
    now: () => new Date(Date.now() + ahead),
    move: (seconds: number) => {
      ahead += seconds * 1_000;
    },
  };
}

describe("a run whose deadline comes while a step is worked", () => {
  it("keeps what the step came to, begins nothing more, and is timed out by whoever would go on", async () => {
    const run = await startRun(chain, {});
    const clock = movable();
    const work = ({ id }: { id: string }) => {
      if (id === "b") clock.move(601);
      return fine;
    };
    const { worked } = await drive(run, { work, clock });
    expect([...worked.keys()]).toEqual(["a/1", "b/1"]);
    const { run: record, state, steps, log, events, audit } = await look(run);
    expect(record).toMatchObject({ status: "timed_out", error: null });
    expect(state).toMatchObject({ status: "timed_out", steps: 3 });
    expect(steps.map(({ node_id, status }) => [node_id, status])).toEqual([
      ["a", "completed"],
      ["b", "completed"],
      ["in", "completed"],
    ]);
    expect(log.at(-1)?.type).toBe("run.timed_out");
    expect(events.filter(({ type }) => type === "run.timed_out")).toMatchObject([
      { actor: { type: "system", id: "run_deadline" } },
    ]);
    expect(audit.filter(({ action }) => action === "run.timed_out")).toMatchObject([{ outcome: "timed_out" }]);
  });

  it("is timed out although its last step came in", async () => {
    const run = await startRun(chain, {});
    const clock = movable();
    const work = ({ id }: { id: string }) => {
      if (id === "c") clock.move(601);
      return fine;
    };
    await drive(run, { work, clock });
    const { run: record, output } = await look(run);
    expect([record.status, output]).toEqual(["timed_out", undefined]);
  });

  it("is timed out and not failed when the step fails at that moment", async () => {
    const run = await startRun(chain, {});
    const clock = movable();
    const work = () => {
      clock.move(601);
      return { ok: false, error: { code: "http_timeout", message: "cut off" } } as const;
    };
    await drive(run, { work, clock });
    expect((await look(run)).run).toMatchObject({ status: "timed_out", error: null });
  });

  it("is timed out without a step when it waited in the queue for too long", async () => {
    const run = await startRun(chain, {});
    const clock = movable();
    clock.move(601);
    await drive(run, { work: () => fine, clock });
    const { run: record, steps, log } = await look(run);
    expect(record).toMatchObject({ status: "timed_out", started_at: null });
    expect(steps).toEqual([]);
    expect(log.map(({ type }) => type)).toEqual(["run.started", "run.timed_out"]);
  });
});

describe("a run that lost what it needs", () => {
  const denied = { code: "agent_archived", message: "The agent is archived." } as const;

  it("is stopped before its next step, with the reason in its record, log, event and audit entry", async () => {
    const run = await startRun(chain, {});
    const { worked } = await drive(run, {
      work: () => fine,
      denial: async (_, __, { id }) => (id === "b" ? denied : undefined),
    });
    expect([...worked.keys()]).toEqual(["a/1"]);
    const { run: record, log, events, audit } = await look(run);
    expect(record).toMatchObject({ status: "stopped", error: { ...denied, node_id: "b" } });
    expect(log.at(-1)).toMatchObject({ type: "run.stopped", node_id: "b", data: { code: denied.code } });
    expect(events.filter(({ type }) => type === "run.stopped")).toMatchObject([
      { actor: { type: "system", id: "run_rights" }, data: { reason: denied.code } },
    ]);
    expect(audit.filter(({ action }) => action === "run.stopped")).toMatchObject([
      { outcome: "denied", reason: denied.code },
    ]);
  });
});

describe("when a run has ended", () => {
  const retrying = { retry: { max_attempts: 3, backoff_ms: 300_000 } };
  const graph = graphSchema.parse({
    nodes: [
      { id: "in", kind: "input", label: "in", config: {} },
      agent("waits", retrying),
      agent("works"),
      agent("fails"),
      { id: "out", kind: "output", label: "out", config: {} },
    ],
    connections: ["waits", "works", "fails"].flatMap((id) => [
      { id: `in-${id}`, source: "in", target: id },
      { id: `${id}-out`, source: id, target: "out" },
    ]),
  });

  it("none of its steps is shown as working or waiting; work that comes back later is kept and counted", async () => {
    const run = await startRun(graph, {});
    const seen: string[][] = [];
    const shown = async () => {
      const { run: record, steps } = await look(run);
      return [record.status, ...steps.map((step) => `${step.node_id}/${step.attempt} ${stepOf(step, record).status}`)];
    };
    let begun = 0;
    let all: () => void = () => {};
    const together = new Promise<void>((resolve) => {
      all = resolve;
    });
    const until = async (status: string) => {
      for (;;) {
        const now = await shown();
        if (now.includes(status)) return now;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    };
    await drive(run, {
      work: async ({ id }, attempt) => {
        if (attempt === 1 && ++begun === 3) all();
        await together;
        if (id === "waits" && attempt === 1) return { ok: false, error: { code: "busy", message: "not now" } };
        if (id === "waits") return fine;
        if (id === "fails") {
          seen.push(await until("waits/2 waiting"));
          return { ok: false, error: { code: "broken", message: "for good" } };
        }
        seen.push(await until("failed"));
        return fine;
      },
      // The driver skips pauses: the next attempt is held until the run is over.
      denial: async (_, __, { id }) => {
        if (id === "waits" && begun === 3) await until("failed");
        return undefined;
      },
    });
    expect(seen[0]).toEqual(
      expect.arrayContaining(["running", "waits/2 waiting", "works/1 running", "fails/1 running"]),
    );
    expect(seen[1]).toEqual(
      expect.arrayContaining(["failed", "waits/1 failed", "waits/2 stopped", "works/1 stopped", "fails/1 failed"]),
    );
    const { state } = await look(run);
    expect(await shown()).toEqual(expect.arrayContaining(["waits/2 stopped", "works/1 completed", "fails/1 failed"]));
    // in, fails, and works, which came back; the attempt that another follows is none.
    expect(state.steps).toBe(3);
  });
});

describe("a stream of a run that goes on", () => {
  it("is left after its time with the id to resume from, and misses and repeats nothing", async () => {
    const run = await startRun(chain, {});
    const own = stackTable().of(run.tenant);
    const first = await all(follow(own, run.id, 0, 300));
    expect(first.map(({ event }) => event)).toEqual(["run.started", "reconnect"]);
    expect(first.at(-1)).toEqual({ id: "1", retry: 1_000, event: "reconnect", data: { after: 1 } });
    const [rest] = await Promise.all([all(follow(own, run.id, 1)), drive(run, { work: () => fine })]);
    const { log } = await look(run);
    expect([first[0], ...rest].map((event) => event?.data)).toEqual(log.map(({ expires_at, ...entry }) => entry));
    expect(rest.at(-1)?.event).toBe("run.completed");
  });
});

describe("runs that go on at the same time", () => {
  const counted = async (tenant: string) =>
    (await stackTable().of(tenant).get(quotaItem, { resource: "live_runs" }))?.used;

  it("are counted while they go on, whichever way they end", async () => {
    const run = await startRun(chain, {});
    expect(await counted(run.tenant)).toBe(1);
    await drive(run, { work: () => fine, copies: 2 });
    expect(await counted(run.tenant)).toBe(0);
    const failing = await startRun(chain, {});
    await drive(failing, { work: () => ({ ok: false, error: { code: "broken", message: "no" } }), copies: 2 });
    expect(await counted(failing.tenant)).toBe(0);
    const denied = await startRun(chain, {});
    const denial = async () => ({ code: "starter_removed", message: "gone" }) as const;
    await drive(denied, { work: () => fine, denial, copies: 2 });
    expect(await counted(denied.tenant)).toBe(0);
  });
});
