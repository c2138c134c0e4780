import type { Advance, AdvanceOptions } from "../../functions/runs/engine/advance.ts";
import type { AttemptResult, Outcome, Parked } from "../../functions/runs/engine/rules/outcome.ts";
import {
  edgeAt,
  nodeAt,
  type Plan,
  type PlanNode,
  resolveEdges,
  type StepState,
  unresolved,
} from "../../functions/runs/engine/rules/plan.ts";
import type { Denied } from "../../functions/runs/engine/rules/rights.ts";
import type { Begin, Commit, RunResult, RunStore } from "../../functions/runs/engine/rules/store.ts";
import { executionName, firstTicket, type Ticket, wakingName } from "../../functions/runs/engine/rules/ticket.ts";
import { runTicket } from "../../functions/runs/engine/walk.ts";
import type { Json } from "../../shared/expressions/json.ts";

/** A small seeded generator (mulberry32): the same seed, the same schedule. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** The table as the engine sees it: each operation is atomic, and what it may not do it refuses by throwing `Violation`. */
export class RunTable {
  readonly states = new Map<number, StepState>();
  readonly begun = new Set<string>();
  readonly attempts = new Map<string, Outcome>();
  readonly final = new Map<number, Outcome>();
  /** Attempts that have begun to wait. */
  readonly parked = new Set<string>();
  result: RunResult | undefined;
  stopped = false;
  /** The run's time; each work takes some of it where a test says so. */
  left_ms = Infinity;
  /** Nodes that may not begin. */
  denied: ReadonlySet<string> = new Set();
  readonly plan: Plan;
  readonly input: Json;

  constructor(plan: Plan, input: Json) {
    this.plan = plan;
    this.input = input;
  }

  get over(): boolean {
    return this.stopped || this.result !== undefined;
  }

  resolve(
    step: PlanNode,
    edges: { readonly taken: readonly number[]; readonly untaken: readonly number[] },
  ): StepState {
    for (const edge of [...edges.taken, ...edges.untaken]) {
      if (edgeAt(this.plan, edge).target !== step.ordinal)
        throw new Violation(`edge ${edge} does not lead to ${step.id}`);
      if (!this.final.has(edgeAt(this.plan, edge).source))
        throw new Violation(`edge ${edge} is resolved before its source`);
    }
    const state = resolveEdges(this.states.get(step.ordinal) ?? unresolved, edges);
    if (!state.taken.isDisjointFrom(state.untaken))
      throw new Violation(`an edge of ${step.id} is both taken and untaken`);
    this.states.set(step.ordinal, state);
    return state;
  }

  denial({ id }: PlanNode): Denied | undefined {
    return this.denied.has(id) ? { code: "agent_archived", message: `${id} may not begin` } : undefined;
  }

  begin(step: PlanNode, attempt: number): Begin {
    if (this.over) return { state: "stopped" };
    this.#inputsAreResolved(step);
    const found = this.#found(`${step.id}/${attempt}`);
    if (found !== undefined) return found;
    this.begun.add(`${step.id}/${attempt}`);
    return { state: "begun" };
  }

  /** As the table would answer whoever comes to an attempt that has moved on. */
  #found(key: string): Begin | undefined {
    const outcome = this.attempts.get(key);
    const parked = this.parked.has(key);
    if (outcome === undefined) return parked ? { state: "parked", wait: WAIT } : undefined;
    return { state: "settled", outcome, shared: parked };
  }

  woken(step: PlanNode, attempt: number): Begin {
    return (this.over ? undefined : this.#found(`${step.id}/${attempt}`)) ?? { state: "stopped" };
  }

  park(step: PlanNode, attempt: number): Begin {
    const key = `${step.id}/${attempt}`;
    if (!this.begun.has(key)) throw new Violation(`${key} waits and has not begun`);
    if (this.over) return { state: "stopped" };
    const found = this.#found(key);
    if (found === undefined) this.parked.add(key);
    return found ?? { state: "parked", wait: WAIT };
  }

  /** @param woken whether the caller has found the attempt waiting */
  commit(step: PlanNode, attempt: number, outcome: Outcome, woken: boolean): Commit {
    this.#inputsAreResolved(step);
    const key = `${step.id}/${attempt}`;
    const before = this.attempts.get(key);
    if (this.parked.has(key) && !woken) return { result: this.over ? "stopped" : "parked", outcome };
    if (before === undefined) {
      if (this.final.has(step.ordinal)) throw new Violation(`${key} is committed after the step was final`);
      this.attempts.set(key, outcome);
      if (outcome.status !== "retrying") this.final.set(step.ordinal, outcome);
    }
    return { result: this.over ? "stopped" : before ? "already" : "committed", outcome: before ?? outcome };
  }

  finish(result: RunResult): void {
    if (!this.over) this.result = result;
  }

  #inputsAreResolved(step: PlanNode): void {
    for (const edge of step.incoming) {
      const source = nodeAt(this.plan, edgeAt(this.plan, edge).source);
      if (!this.final.has(source.ordinal)) throw new Violation(`${step.id} starts before ${source.id} is resolved`);
    }
  }
}

const WAIT = { until: null };

/** The engine did something that it promises never to do. */
export class Violation extends Error {}

export interface Faults {
  /** Chance of a fault at each operation. */
  readonly rate: number;
  /** Most faults in one run, so that it ends. */
  readonly most: number;
}

export interface Simulation {
  readonly table: RunTable;
  /** How often each `node/attempt` was worked, and in which executions each node was. */
  readonly worked: ReadonlyMap<string, number>;
  readonly executionsOf: ReadonlyMap<string, ReadonlySet<string>>;
  readonly executions: number;
  readonly faults: number;
  readonly operations: number;
}

interface Call {
  /** Nobody waits for its answer any more: it goes on, but what it says is not heard. */
  abandoned: boolean;
  /** It does not go on: what it had sent may still arrive. */
  dead: boolean;
  fail: (error: Error) => void;
}

interface Operation {
  readonly call: Call;
  readonly apply: () => void;
  readonly answer: () => void;
}

class Crash extends Error {}

/**
 * Runs a plan with the real engine against a modelled table and a modelled workflow service, one atomic operation at a time, in an
 * order that the seed chooses among all that are possible. Faults are: an operation that is lost together with its caller, one
 * that takes effect while its caller dies before hearing of it, and a caller that is given up and repeated while it still goes on.
 */
export async function simulate(
  plan: Plan,
  input: Json,
  work: (node: PlanNode, attempt: number, call: number) => AttemptResult | Parked,
  options: Omit<AdvanceOptions, "checkSchema"> & {
    readonly seed: number;
    readonly faults?: Faults;
    readonly stopAt?: number;
    /** What the run may take, of which each work takes one millisecond. */
    readonly time_ms?: number;
    /** Nodes that may not begin. */
    readonly denied?: ReadonlySet<string>;
    /** Outcomes, by ordinal, of nodes that are not worked. */
    readonly given?: ReadonlyMap<number, Outcome>;
  },
): Promise<Simulation> {
  const random = seeded(options.seed);
  const table = new RunTable(plan, input);
  table.left_ms = options.time_ms ?? Infinity;
  table.denied = options.denied ?? new Set();
  for (const [ordinal, outcome] of options.given ?? []) table.final.set(ordinal, outcome);
  const pending: Operation[] = [];
  const worked = new Map<string, number>();
  const executionsOf = new Map<string, Set<string>>();
  const started = new Set<string>();
  let active = 0;
  let faults = 0;
  let operations = 0;
  let violation: Error | undefined;

  /** One atomic operation of a call: waits for its turn, and never answers a dead caller. */
  const operate = <T>(call: Call, effect: () => T): Promise<T> =>
    new Promise((resolve, reject) => {
      if (call.dead) return;
      let outcome: (() => void) | undefined;
      const apply = () => {
        try {
          const value = effect();
          outcome = () => resolve(value);
        } catch (error) {
          violation ??= error instanceof Error ? error : new Error(String(error));
          outcome = () => reject(error);
        }
      };
      pending.push({ call, apply, answer: () => (call.dead ? undefined : outcome?.()) });
    });

  const storeFor = (call: Call): RunStore => ({
    input: async () => table.input,
    seed: "run_1",
    pinned: { pipeline_id: null, revision: null, agents: {}, pipelines: {} },
    recorded: async () => undefined,
    left_ms: () => table.left_ms,
    denial: (step) => operate(call, () => table.denial(step)),
    resolve: (step, edges) => operate(call, () => table.resolve(step, edges)),
    begin: (step, attempt) => operate(call, () => table.begin(step, attempt)),
    woken: (step, attempt) => operate(call, () => table.woken(step, attempt)),
    park: (step, attempt) => operate(call, () => table.park(step, attempt)),
    commit: (step, attempt, outcome, woken) => operate(call, () => table.commit(step, attempt, outcome, woken)),
    outcomes: (steps) =>
      operate(
        call,
        () =>
          new Map(
            steps.flatMap(({ ordinal }) => {
              const outcome = table.final.get(ordinal);
              return outcome === undefined ? [] : [[ordinal, outcome] as const];
            }),
          ),
      ),
    finish: (result) => operate(call, () => table.finish(result)),
  });

  /** One state of the workflow: repeated until somebody answers. */
  const state = async <T>(body: (call: Call) => Promise<T>): Promise<T> => {
    for (;;) {
      try {
        return await new Promise<T>((resolve, reject) => {
          const call: Call = { abandoned: false, dead: false, fail: reject };
          const heard = () => !call.abandoned && !call.dead;
          body(call).then(
            (value) => heard() && resolve(value),
            (error) => {
              if (!(error instanceof Crash)) violation ??= error;
              if (heard()) reject(error);
            },
          );
        });
      } catch (error) {
        if (!(error instanceof Crash)) throw error;
      }
    }
  };

  const execute = async (name: string, first: Ticket): Promise<void> => {
    active++;
    try {
      for (let ticket: Ticket | undefined = first; ticket !== undefined; ) {
        const current: Ticket = ticket;
        const answer: Advance = await state((call) => {
          const doWork = (node: PlanNode, attempt: number) => {
            if (table.left_ms <= 0) violation ??= new Violation(`${node.id} begins after the deadline`);
            return operate(call, () => {
              const key = `${node.id}/${attempt}`;
              const times = (worked.get(key) ?? 0) + 1;
              worked.set(key, times);
              table.left_ms--;
              executionsOf.set(node.id, (executionsOf.get(node.id) ?? new Set()).add(name));
              return work(node, attempt, times);
            });
          };
          return runTicket(plan, storeFor(call), current, ({ node, attempt }) => doWork(node, attempt), {
            ...options,
            checkSchema: async () => undefined,
          });
        });
        await state(async (call) => {
          for (const fork of answer.forks) await operate(call, () => start(fork));
        });
        ticket = answer.next;
      }
    } finally {
      active--;
    }
  };

  const start = (ticket: Ticket, name = executionName("run_1", plan, ticket)): void => {
    if (started.has(name)) return;
    started.add(name);
    execute(name, ticket).catch((error) => {
      violation ??= error;
    });
  };

  const crash = (call: Call): void => {
    call.dead = true;
    // What the dead caller had sent besides may be lost or still arrive, late.
    for (let i = pending.length - 1; i >= 0; i--) if (pending[i]?.call === call && random() < 0.5) pending.splice(i, 1);
    call.fail(new Crash());
  };

  /** Wakes one of those steps that wait or have waited, as often as it comes. Whether there is one. */
  let wakes = 0;
  const woken = new Set<string>();
  const wake = (keys: readonly string[]): boolean => {
    const key = table.over ? undefined : keys[Math.floor(random() * keys.length)];
    if (key === undefined) return false;
    woken.add(key);
    const [node = "", attempt] = key.split("/");
    const ticket = { node, attempt: Number(attempt), woken: true } as const;
    start(ticket, wakingName("run_1", node, ticket.attempt, String(++wakes)));
    return true;
  };

  start(firstTicket(plan));
  for (;;) {
    await new Promise((resolve) => setImmediate(resolve));
    if (violation !== undefined) throw violation;
    if (wakes < 60 && random() < 0.05) wake([...table.parked]);
    // Whatever a step waits for wakes it once it has happened, also one that somebody else has settled meanwhile.
    const sleeping = () => [...table.parked].filter((key) => !woken.has(key) || !table.attempts.has(key));
    if (pending.length === 0 && active === 0 && wake(sleeping())) continue;
    const [operation] = pending.splice(Math.floor(random() * pending.length), 1);
    if (operation === undefined) {
      if (active === 0) break;
      throw new Violation("the run hangs: executions wait, but nothing is under way");
    }
    // A run that is over is not stopped any more.
    if (options.stopAt === ++operations && !table.over) table.stopped = true;
    const { call } = operation;
    const faulty = options.faults !== undefined && faults < options.faults.most && !call.dead && !call.abandoned;
    if (!faulty || random() >= (options.faults?.rate ?? 0)) {
      operation.apply();
      operation.answer();
      continue;
    }
    faults++;
    const kind = random();
    if (kind < 1 / 3) crash(call);
    else if (kind < 2 / 3) {
      operation.apply();
      crash(call);
    } else {
      call.abandoned = true;
      call.fail(new Crash());
      pending.push(operation);
    }
  }
  return { table, worked, executionsOf, executions: started.size, faults, operations };
}
