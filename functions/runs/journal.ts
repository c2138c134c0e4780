import { type ChangeContext, eventWrites } from "../../shared/change/commit.ts";
import type { EventDraft } from "../../shared/change/events.ts";
import type { TenantTable } from "../../shared/dynamo/table.ts";
import type { Write } from "../../shared/dynamo/write.ts";
import { fromNewest, type LogDraft, logWrite, stateWrite } from "./commit.ts";
import { isLive, noTotals, type Totals } from "./model.ts";
import { isSettled, type RunState, type RunStep, runStepItem, Settled } from "./store.ts";

/** What happens to one attempt of a step: its record, what is told of it, its part of the run's sums. */
export interface Entry {
  /** Which attempt. Its write is the first of `writes`, and refuses with `Settled`. */
  readonly step: Pick<RunStep, "node_id" | "attempt">;
  readonly writes: readonly Write[];
  readonly log: LogDraft;
  readonly add: Partial<Totals>;
  readonly events: readonly EventDraft[];
  /** Size of the writes, near enough. */
  readonly bytes: number;
}

/** `over`: nothing was written, because the run is over. `settled`: the attempt had been settled before, as this. */
export type Appended = "written" | "over" | { readonly settled: RunStep };

interface Pending {
  readonly entry: Entry;
  readonly resolve: (result: Appended) => void;
  readonly reject: (error: unknown) => void;
}

/** A transaction takes 100 items and 4 MB. */
const MOST_ITEMS = 100;
const MOST_BYTES = 3_000_000;

const itemsOf = (entry: Entry): number => entry.writes.length + entry.events.length + 1;

/**
 * Commits to one run, for one worker. What is appended while a transaction is under way goes together into the next
 * one, so that thirty steps that finish at once cost one write of the run's state, and a worker never competes with
 * itself for it. Every transaction holds the run's state, its log and the steps: the log's numbers are the order of the
 * commits, and nothing is committed to a run that is over.
 */
export class Journal {
  readonly #table: TenantTable;
  readonly #run_id: string;
  readonly #context: () => ChangeContext;
  readonly #queue: Pending[] = [];
  #draining = false;
  /** As of the last look; undefined once the run is deleted. */
  state: RunState | undefined;

  constructor(table: TenantTable, run_id: string, state: RunState | undefined, context: () => ChangeContext) {
    this.#table = table;
    this.#run_id = run_id;
    this.#context = context;
    this.state = state;
  }

  /** Whether the run was over at the last look. A run that is over never goes on again. */
  get over(): boolean {
    return this.state === undefined || !isLive(this.state.status);
  }

  append(entry: Entry): Promise<Appended> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ entry, resolve, reject });
      if (this.#draining) return;
      this.#draining = true;
      setImmediate(() => this.#drain());
    });
  }

  async #drain(): Promise<void> {
    for (let group = this.#take(); group.length > 0; group = this.#take()) {
      try {
        await this.#write(group);
      } catch (error) {
        for (const { reject } of group) reject(error);
      }
    }
    this.#draining = false;
  }

  #take(): Pending[] {
    let items = 1;
    let bytes = 0;
    let count = 0;
    for (const { entry } of this.#queue) {
      items += itemsOf(entry);
      bytes += entry.bytes;
      if (count > 0 && (items > MOST_ITEMS || bytes > MOST_BYTES)) break;
      count++;
    }
    return this.#queue.splice(0, count);
  }

  async #write(group: readonly Pending[]): Promise<void> {
    let open = group;
    while (open.length > 0) {
      try {
        await this.#transact(open.map(({ entry }) => entry));
        for (const { resolve } of open) resolve(this.over ? "over" : "written");
        return;
      } catch (error) {
        if (!(error instanceof Settled)) throw error;
        open = await this.#unsettled(open);
      }
    }
  }

  #transact(entries: readonly Entry[]): Promise<void> {
    const context = this.#context();
    return fromNewest(this.state, async (state) => {
      this.state = state;
      if (this.over || state === undefined) return;
      const add = { ...noTotals };
      for (const entry of entries)
        for (const [name, value] of Object.entries(entry.add)) add[name as keyof Totals] += value;
      await this.#table.transact([
        stateWrite(this.#table, state, { entries: entries.length, add }),
        ...entries.flatMap(({ writes }) => writes),
        ...entries.map(({ log }, i) => logWrite(this.#table, this.#run_id, state.sequence + 1 + i, context.at, log)),
        ...eventWrites(
          this.#table.table,
          context,
          entries.flatMap(({ events }) => events),
        ),
      ]);
      this.state = {
        ...state,
        sequence: state.sequence + entries.length,
        steps: state.steps + add.steps,
        tokens_in: state.tokens_in + add.tokens_in,
        tokens_out: state.tokens_out + add.tokens_out,
        cost_usd_micros: state.cost_usd_micros + add.cost_usd_micros,
      };
    });
  }

  /** Answers those whose attempt was settled before, and gives the others. One look for all: a repeated task meets many. */
  async #unsettled(group: readonly Pending[]): Promise<Pending[]> {
    const steps = await this.#table.table.batch(
      group.map(({ entry: { step } }) => this.#table.read(runStepItem, { run_id: this.#run_id, ...step })),
    );
    return group.filter(({ resolve }, i) => {
      const step = steps[i];
      if (step === undefined || !isSettled(step)) return true;
      resolve({ settled: step });
      return false;
    });
  }
}
