import { describe, expect, it } from "vitest";
import type { CallMeter, OpenCall } from "../../../functions/models/calls/meter.ts";
import { modelError } from "../../../functions/models/calls/rules/errors.ts";
import { resetCircuit } from "../../../functions/models/circuits/handlers.ts";
import { circuitFacts, circuitMeter, type Guarded } from "../../../functions/models/circuits/meter.ts";
import { mendMark } from "../../../functions/models/circuits/moves.ts";
import { FAILURES_TO_OPEN } from "../../../functions/models/circuits/rules/circuit.ts";
import { History } from "../../../functions/models/circuits/rules/history.ts";
import { circuitItem, markWrite } from "../../../functions/models/circuits/store.ts";
import { type ChangeSet, commitChange, systemContext } from "../../../shared/change/commit.ts";
import { auditItem, outboxItem } from "../../../shared/change/items.ts";
import type { TenantTable } from "../../../shared/dynamo/table.ts";
import { organizationItem } from "../../../shared/identity/items.ts";
import { newId } from "../../../shared/ids.ts";
import { organizationNamed } from "../../support/organization.ts";
import { countedTable, stackTable } from "../../support/stack.ts";

const START = Date.parse("2026-11-15T12:00:00.000Z");
const ASKED = { number: 1, tokens_in: 10, tokens_out: 10, request: {} };
const FAILS = modelError("model_unavailable");

/** An organization, a clock that a test moves, and calls that meet what it says. */
async function world(on = stackTable()) {
  const tenant = newId("organization", new Date());
  const table = on.of(tenant);
  await stackTable()
    .of(tenant)
    .transact([table.writes.create(organizationItem, organizationNamed(tenant))]);
  let now = START;
  const clock = { now: () => new Date(now) };
  let asked = 0;
  const own: CallMeter = { open: async () => ({ close: async () => {} }) };
  const facts = async () => {
    const organization = await table.get(organizationItem, {});
    if (organization === undefined) throw new Error("there is no organization");
    return circuitFacts(organization);
  };
  /** A call as an instance makes it that has just read the organization. */
  const opened = async (more: Partial<Guarded> = {}, meter = own): Promise<OpenCall> =>
    circuitMeter(meter, {
      table,
      provider: "lab",
      facts: await facts(),
      model: "lab/m",
      clock,
      timeout_ms: 30_000,
      history: new History(),
      chance: () => 0,
      ...more,
    }).open(ASKED);
  const call = async (fails: boolean, more: Partial<Guarded> = {}): Promise<"called" | "refused"> => {
    const one = await opened(more);
    if (one.fails !== undefined) return "refused";
    asked += 1;
    await new Promise((resolve) => setTimeout(resolve, 5));
    await one.close(
      fails ? undefined : { tokens_in: 1, tokens_out: 1, estimated: false },
      undefined,
      fails ? FAILS : undefined,
    );
    return "called";
  };
  return {
    table,
    call,
    opened,
    facts,
    pass: (seconds: number) => {
      now += seconds * 1_000;
    },
    asked: () => asked,
    /** As another change of the organization leaves the record that has read it before. */
    mark: (named: boolean) => table.touch(markWrite(table, "lab", named)),
    circuit: (provider = "lab") => table.get(circuitItem, { provider }),
  };
}

const times = <T>(n: number, make: () => Promise<T>): Promise<T[]> => Promise.all(Array.from({ length: n }, make));

async function eventsOf(table: TenantTable): Promise<string[]> {
  const page = await table.page(outboxItem, { of: { day: "2026-11-15" }, limit: 100 });
  return page.items.map(({ envelope }) => envelope.type);
}

describe("a provider that fails", () => {
  it("is left alone by all instances after so many failures, which is told once, and audited", async () => {
    const { call, circuit, table, facts, asked } = await world();
    for (let i = 0; i < FAILURES_TO_OPEN; i++) expect(await call(true)).toBe("called");
    expect(await circuit()).toMatchObject({ state: "open", failures: FAILURES_TO_OPEN, opened: 1 });
    expect([...(await facts()).open]).toEqual(["lab"]);
    expect(await times(20, () => call(false))).toEqual(Array(20).fill("refused"));
    expect(asked()).toBe(FAILURES_TO_OPEN);
    expect(await eventsOf(table)).toEqual(["model_provider.circuit_opened"]);
    const trail = await table.page(auditItem, { of: { month: "2026-11" }, limit: 10 });
    expect(trail.items).toMatchObject([{ action: "model_provider.circuit_opened", outcome: "failed" }]);
  });

  it("fifty callers who fail at once open it once, and count nothing afterwards", async () => {
    const { call, circuit, table } = await world();
    await times(50, () => call(true));
    expect(await circuit()).toMatchObject({ state: "open", failures: FAILURES_TO_OPEN, opened: 1 });
    expect(await eventsOf(table)).toEqual(["model_provider.circuit_opened"]);
  });

  it("is tried by exactly one of fifty callers, whose answer lets the others through", async () => {
    const { call, pass, circuit, facts, table, asked } = await world();
    await times(FAILURES_TO_OPEN, () => call(true));
    const before = asked();
    pass(16);
    const outcomes = await times(50, () => call(false));
    expect(outcomes.filter((one) => one === "called")).toHaveLength(1);
    expect(asked() - before).toBe(1);
    expect(await circuit()).toMatchObject({ state: "closed", failures: 0, retry_at: null });
    expect((await facts()).open.size).toBe(0);
    expect(await times(10, () => call(false))).toEqual(Array(10).fill("called"));
    expect(await eventsOf(table)).toEqual(["model_provider.circuit_opened", "model_provider.circuit_closed"]);
  });

  it("is left alone for longer when the one who tries fails, and nobody is told again", async () => {
    const { call, pass, circuit, table } = await world();
    await times(FAILURES_TO_OPEN, () => call(true));
    pass(16);
    const outcomes = await times(50, () => call(true));
    expect(outcomes.filter((one) => one === "called")).toHaveLength(1);
    expect(await circuit()).toMatchObject({ state: "open", opened: 2 });
    pass(16);
    expect(await call(false)).toBe("refused");
    pass(15);
    expect(await call(false)).toBe("called");
    expect(await eventsOf(table)).toEqual(["model_provider.circuit_opened", "model_provider.circuit_closed"]);
  });

  it("is tried again where who tried has died, whose late answer then counts nothing", async () => {
    const { call, opened, pass, circuit } = await world();
    await times(FAILURES_TO_OPEN, () => call(true));
    pass(16);
    const dead = await opened();
    expect(dead.fails).toBeUndefined();
    expect(await call(false)).toBe("refused");
    pass(41);
    const second = await opened();
    expect(second.fails).toBeUndefined();
    await dead.close({ tokens_in: 1, tokens_out: 1, estimated: false });
    expect((await circuit())?.state).toBe("half_open");
    await second.close(undefined, undefined, FAILS);
    expect((await circuit())?.state).toBe("open");
  });

  it("is not blamed, once it is well, for calls that were under way before", async () => {
    const { call, opened, pass, circuit, facts } = await world();
    const hanging = await times(3 * FAILURES_TO_OPEN, () => opened());
    const fail = (calls: readonly OpenCall[]) =>
      Promise.all(calls.map((one) => one.close(undefined, undefined, FAILS)));
    await fail(hanging.slice(0, FAILURES_TO_OPEN));
    expect((await circuit())?.state).toBe("open");
    pass(16);
    expect(await call(false)).toBe("called");
    pass(1);
    await fail(hanging.slice(FAILURES_TO_OPEN));
    expect(await circuit()).toMatchObject({ state: "closed", failures: 0 });
    expect((await facts()).open.size).toBe(0);
    // What is begun now counts, and one after the other of those under way does not.
    await call(true);
    expect(await circuit()).toMatchObject({ state: "closed", failures: 1 });
    await fail(hanging);
    expect(await circuit()).toMatchObject({ state: "closed", failures: 1 });
  });

  it("gives an answer that an earlier attempt of the same work has got, and keeps nothing back for it", async () => {
    const { call, opened, asked } = await world();
    await times(FAILURES_TO_OPEN, () => call(true));
    const found = { content: [{ type: "text", text: "paid for" }] } as never;
    const own = (number: number): CallMeter => ({
      open: async () => {
        throw new Error("no reservation is made for a call that is refused");
      },
      kept: async (which) => (which === number ? found : undefined),
    });
    expect(await opened({}, own(ASKED.number))).toMatchObject({ found });
    expect(await opened({}, own(ASKED.number + 1))).toMatchObject({ fails: { code: "provider_unavailable" } });
    expect(asked()).toBe(FAILURES_TO_OPEN);
  });

  it("is tried by whoever has little time too, whose silence says nothing: the next one tries", async () => {
    const { call, opened, pass, circuit } = await world();
    await times(FAILURES_TO_OPEN, () => call(true));
    pass(16);
    const hasty = await opened({ timeout_ms: 500 });
    expect(hasty.fails).toBeUndefined();
    await hasty.close(undefined, undefined, modelError("model_timeout"), 500);
    expect(await circuit()).toMatchObject({ state: "half_open", opened: 1 });
    expect(await call(false)).toBe("called");
    expect((await circuit())?.state).toBe("closed");
  });

  it("is left alone by work that was begun before, once it has met a failure itself", async () => {
    const { table, call, opened, facts, asked } = await world();
    const history = new History();
    const before = await facts();
    await opened({ history, facts: before }).then((one) => one.close(undefined, undefined, FAILS));
    await times(FAILURES_TO_OPEN, () => call(true));
    const later = await opened({ history, facts: before });
    expect(later.fails).toMatchObject({ code: "provider_unavailable" });
    expect(asked()).toBe(FAILURES_TO_OPEN);
    expect((await table.get(circuitItem, { provider: "lab" }))?.state).toBe("open");
  });

  it("of one organization is another one's as before, and so is another provider", async () => {
    const [one, other] = await Promise.all([world(), world()]);
    await times(FAILURES_TO_OPEN, () => one.call(true));
    expect(await one.call(false)).toBe("refused");
    expect(await other.call(false)).toBe("called");
    expect(await one.call(false, { provider: "amazon-bedrock" })).toBe("called");
    expect(await other.circuit()).toBeUndefined();
  });

  it("that fails for one who never asked it, or by an answer that is kept, is not blamed", async () => {
    const { opened, circuit } = await world();
    const found = { content: [] } as never;
    const fails = modelError("model_unavailable");
    for (const known of [{ found }, { fails }, { refused: { code: "budget_exceeded", message: "" } as const }])
      for (let i = 0; i <= FAILURES_TO_OPEN; i++) {
        const call = await opened({}, { open: async () => ({ ...known, close: async () => {} }) });
        await call.close(undefined, undefined, FAILS);
      }
    expect(await circuit()).toBeUndefined();
  });
});

describe("somebody who says that a provider is to be called again", () => {
  it("is heard though others try it meanwhile, whose answer then has no effect", async () => {
    const { table, call, opened, pass, circuit, facts } = await world();
    await times(FAILURES_TO_OPEN, () => call(true));
    pass(16);
    let probe: OpenCall | undefined;
    const request = {
      at: new Date(START + 17_000),
      path: { provider: "lab" },
      context: { tenant: table.tenant },
      load: async () => ({ stored: undefined }),
      commit: async (change: ChangeSet, answer: unknown) => {
        probe ??= await opened();
        await commitChange(table.table, systemContext(table.tenant, "test", new Date(START + 17_000), 400), change);
        return answer;
      },
    };
    const view = await resetCircuit(request as never, { table: table.table } as never);
    expect(view).toMatchObject({ circuit: { state: "closed" } });
    expect(probe?.fails).toBeUndefined();
    await probe?.close(undefined, undefined, FAILS);
    expect([(await circuit())?.state, (await facts()).open.size]).toEqual(["closed", 0]);
    expect(await eventsOf(table)).toEqual(["model_provider.circuit_opened", "model_provider.circuit_closed"]);
  });
});

describe("a provider's name in the organization's record", () => {
  it("that another change of the record has lost is put back by a call that fails late", async () => {
    const { call, opened, facts, mark } = await world();
    const late = await opened();
    await times(FAILURES_TO_OPEN, () => call(true));
    await mark(false);
    await late.close(undefined, undefined, FAILS);
    expect([...(await facts()).open]).toEqual(["lab"]);
    expect(await call(false)).toBe("refused");
  });

  it("that another change has brought back is taken off by the next call, which is made", async () => {
    const { call, facts, mark, circuit } = await world();
    for (const state of [undefined, "closed"] as const) {
      expect((await circuit())?.state).toBe(state);
      await mark(true);
      expect(await call(true)).toBe("called");
      expect((await facts()).open.size).toBe(0);
    }
  });

  it("is set as the circuit stands, and not as somebody has read it", async () => {
    const { table, call, facts, mark, circuit, pass } = await world();
    await times(FAILURES_TO_OPEN, () => call(true));
    await mendMark({ table, provider: "lab" }, false);
    expect([...(await facts()).open]).toEqual(["lab"]);
    pass(16);
    await call(false);
    expect((await circuit())?.state).toBe("closed");
    await mendMark({ table, provider: "lab" }, true);
    expect((await facts()).open.size).toBe(0);
    await mark(true);
    await mendMark({ table, provider: "lab" }, false);
    expect((await facts()).open.size).toBe(0);
  });
});

describe("what the breaker costs", () => {
  it("nothing while a provider answers, one read of each call that is refused, few writes of those that fail", async () => {
    const { table, counter } = countedTable();
    const { call } = await world(table);
    // The organization's record, which who calls has read anyhow; here the test reads it.
    const READ = { calls: 1, reads: 1, writes: 0 };
    expect(await counter.of(() => call(false))).toEqual(READ);
    const failing = await counter.of(() => times(50, () => call(true)));
    expect(failing.writes).toBeLessThan(150);
    expect(await counter.of(() => call(false))).toEqual({ ...READ, calls: 2, reads: 2 });
  });
});
