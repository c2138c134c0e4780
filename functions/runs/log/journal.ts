import { type ChangeContext, eventWrites } from "../../../shared/change/commit.ts";
import type { EventDraft } from "../../../shared/change/events.ts";
import type { TenantTable } from "../../../shared/dynamo/table.ts";
import type { Write } from "../../../shared/dynamo/write.ts";
import { newId } from "../../../shared/ids.ts";
import { isLive, noTotals, type Totals } from "../model.ts";
import { type RunState, type RunStep, refuses, runPendingItem, runStepItem, Settled, type StepMove } from "../store.ts";
import { type LogDraft, logEntry, logWrite, moved, Overtaken, stateWrite, summed } from "./entries.ts";
import { number } from "./pending.ts";

/** What happens to one attempt of a step: its record, what is told of it, its part of the run's sums. */
export interface Entry {
  /** Which attempt. Its write is the first of `writes`, and refuses with `Settled`. */
  readonly step: Pick<RunStep, "node_id" | "attempt">;
  readonly move: StepMove;
  readonly writes: readonly Write[];
  readonly log: LogDraft;
  readonly add: Partial<Totals>;
  readonly events: readonly EventDraft[];
  /** Size of the writes, near enough. */
  readonly bytes: number;
}

/** `over`: nothing was written, because the run was over before. `settled`: the attempt had moved on before, to this. */
export type Appended = "written" | "over" | { readonly settled: RunStep };

interface Pending {
  readonly entry: Entry;
  readonly resolve: (result: Appended) => void;
  readonly reject: (error: unknown) => void;
}

/** A transaction takes 100 items and 4 MB. */
const MOST_ITEMS = 100;
const MOST_BYTES = 3_000_000;

/** Its writes, its line of the log, and of each event what leaves and what is kept of it. */
const itemsOf = (entry: Entry): number =>
  entry.writes.length + 1 + entry.events.reduce((sum, { definition }) => sum + (definition.audited ? 2 : 1), 0);

/**
 * Commits to one run, for one worker. What is appended while a transaction is under way goes together into the next
 * one, so that thirty steps that finish at once cost one write of the run's state, and a worker never competes with
 * itself for it.
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
        const written = await this.#transact(open.map(({ entry }) => entry));
        for (const { resolve } of open) resolve(written);
        return;
      } catch (error) {
        if (!(error instanceof Settled)) throw error;
        open = await this.#unsettled(open);
      }
    }
  }

  /** In order with the run's state where nobody is in the way; else aside, to be numbered together with the others. */
  async #transact(entries: readonly Entry[]): Promise<"written" | "over"> {
    if (this.over || this.state === undefined) return "over";
    try {
      this.state = await this.#straight(entries, this.state);
      return "written";
    } catch (error) {
      if (!(error instanceof Overtaken)) throw error;
      this.state = error.state;
    }
    if (this.over || this.state === undefined) return "over";
    await this.#aside(entries, this.state);
    return "written";
  }

  async #straight(entries: readonly Entry[], state: RunState): Promise<RunState> {
    const context = this.#context();
    const add = summed(entries.map((entry) => entry.add));
    await this.#table.transact([
      stateWrite(this.#table, state, { entries: entries.length, add }),
      ...entries.flatMap(({ writes }) => writes),
      ...entries.map(({ log }, i) => logWrite(this.#table, state, state.sequence + 1 + i, logEntry(context.at, log))),
      ...this.#events(context, entries),
    ]);
    return moved(state, entries.length, add);
  }

  /** The run went on when its state was looked at a moment ago. Should it have ended since, these come before the end. */
  async #aside(entries: readonly Entry[], { expires_at }: RunState): Promise<void> {
    const context = this.#context();
    const pending = entries.map(({ log, add }) => ({
      run_id: this.#run_id,
      id: newId("run_log", context.at),
      entry: logEntry(context.at, log),
      add: { ...noTotals, ...add },
      expires_at,
    }));
    await this.#table.transact([
      ...entries.flatMap(({ writes }) => writes),
      ...pending.map((item) => this.#table.writes.create(runPendingItem, item)),
      ...this.#events(context, entries),
    ]);
    this.state = await number(this.#table, this.#run_id, new Set(pending.map(({ id }) => id)));
  }

  #events(context: ChangeContext, entries: readonly Entry[]): Write[] {
    const events = entries.flatMap((entry) => entry.events);
    return eventWrites(this.#table.table, context, events);
  }

  /**
   * Gives what waits for a number its number, before somebody goes on from what another worker has settled: that one may have
   * died before it did so, and the log tells of no step before those that it follows.
   */
  async catchUp(): Promise<void> {
    this.state = await number(this.#table, this.#run_id);
  }

  /** Answers those whose attempt was settled before, and gives the others. One look for all: a repeated task meets many. */
  async #unsettled(group: readonly Pending[]): Promise<Pending[]> {
    const steps = await this.#table.table.batch(
      group.map(({ entry: { step } }) => this.#table.read(runStepItem, { run_id: this.#run_id, ...step })),
    );
    const settled = group.map(({ entry }, i) => {
      const step = steps[i];
      return step !== undefined && refuses(step, entry.move) ? step : undefined;
    });
    if (settled.some((step) => step !== undefined)) await this.catchUp();
    return group.filter(({ resolve }, i) => {
      const step = settled[i];
      if (step !== undefined) resolve({ settled: step });
      return step === undefined;
    });
  }
}
