import type { Blobs } from "../../../shared/blobs/blobs.ts";
import type { ChangeContext } from "../../../shared/change/commit.ts";
import { addSeconds, type Clock, timestamp } from "../../../shared/clock.ts";
import type { TenantTable } from "../../../shared/dynamo/table.ts";
import type { Write } from "../../../shared/dynamo/write.ts";
import { Problem } from "../../../shared/errors.ts";
import type { Json } from "../../../shared/expressions/json.ts";
import { type Ending, endRun } from "../control/ending.ts";
import { endingContext, runContext } from "../log/entries.ts";
import type { Appended, Entry, Journal } from "../log/journal.ts";
import { addWrite } from "../log/pending.ts";
import { MAX_OUTPUT_BYTES, type Pinned, type Totals } from "../model.ts";
import {
  hasParked,
  isParked,
  isSettled,
  type RunStep,
  runJoinItem,
  runStepItem,
  runValue,
  Settled,
  type StepMove,
  type StoredRun,
  stepWrite,
  storeJson,
} from "../store.ts";
import type { Setup } from "../trial/setup.ts";
import { parkingEntry, refusal, type Waits } from "./parking.ts";
import { recordedOutcome } from "./recorded.ts";
import { begunStep, outcomeEvents, outcomeLog, outcomeOf, type Spent, settledStep } from "./records.ts";
import { type Outcome, type Parked, settle } from "./rules/outcome.ts";
import { missingEdges, type PlanNode, type Resolution, type StepState } from "./rules/plan.ts";
import type { Denied } from "./rules/rights.ts";
import type { Begin, Commit, Refused, RunResult, RunStore } from "./rules/store.ts";

/** What an attempt's work cost, and the writes that meter it in the transaction of its commit. */
export interface Work extends Spent {
  readonly usage: readonly Write[];
}

/** What an attempt of a test has met, whose agent it asked, which calls it made, where its request went. */
type Marks = Partial<Pick<RunStep, "fault" | "replayed_calls" | "resources" | "prompt" | "agent" | "calls" | "sent">>;

/** A join meets an edge that it holds already; `state` is what it holds. */
class Overlap extends Problem {
  readonly state: StepState;
  constructor(state: StepState) {
    super("conflict", "This edge has been resolved.");
    this.state = state;
  }
}

type Join = { taken?: Set<number> | undefined; untaken?: Set<number> | undefined; last?: number | undefined };
const stateOf = ({ taken, untaken, last }: Join): StepState => ({
  taken: taken ?? new Set(),
  untaken: untaken ?? new Set(),
  last,
});

export interface DynamoRunStoreParts {
  readonly table: TenantTable;
  readonly blobs: Blobs;
  readonly clock: Clock;
  readonly run: StoredRun;
  readonly journal: Journal;
  /** Outcomes of nodes that are not worked, by node. */
  readonly given?: Setup["given"];
  /** Name of the workflow execution that this worker works for. */
  readonly execution: string;
  /** See `rights.ts`. */
  readonly denial: (table: TenantTable, run: StoredRun, step: PlanNode) => Promise<Denied | undefined>;
}

/** The engine's store on the one table. Steps and their log are committed through the run's journal. */
export class DynamoRunStore implements RunStore {
  readonly #parts: DynamoRunStoreParts;
  readonly #begun = new Map<string, RunStep>();
  readonly #work = new Map<string, Work>();
  readonly #waits = new Map<string, Waits>();
  readonly #keys = new Map<string, Pick<RunStep, "work_key" | "recorded_run_id">>();
  readonly #marks = new Map<string, Marks>();
  #input: Promise<Json> | undefined;
  /** Ids of runs within this one that are to be started, once what makes them is committed. */
  readonly started: string[] = [];

  constructor(parts: DynamoRunStoreParts) {
    this.#parts = parts;
  }

  input(): Promise<Json> {
    const { table, blobs, run } = this.#parts;
    this.#input ??= runValue(table, blobs, run.id, "input").then((value) => value ?? null);
    return this.#input;
  }

  get seed(): string {
    return this.#parts.run.seed_run_id;
  }

  /** Name of the workflow execution that this worker works for. */
  get execution(): string {
    return this.#parts.execution;
  }

  get pinned(): Pinned {
    return this.#parts.run.pinned;
  }

  left_ms(): number {
    const { run, clock } = this.#parts;
    return Date.parse(run.deadline_at) - clock.now().getTime();
  }

  denial(step: PlanNode): Promise<Denied | undefined> {
    const { table, run } = this.#parts;
    return this.#parts.denial(table, run, step);
  }

  /** What an attempt cost; committed with its outcome. */
  note(step: PlanNode, attempt: number, work: Work): void {
    this.#work.set(`${step.id}/${attempt}`, work);
  }

  /** What is to be told of an attempt beside its outcome; committed with it. */
  mark(step: PlanNode, attempt: number, marks: Marks): void {
    const key = `${step.id}/${attempt}`;
    this.#marks.set(key, { ...this.#marks.get(key), ...marks });
  }

  /** What an attempt waits for; written when it is parked. */
  waits(step: PlanNode, attempt: number, waits: Waits): void {
    this.#waits.set(`${step.id}/${attempt}`, waits);
  }

  async recorded(step: PlanNode, attempt: number, work_key: string): Promise<Outcome | undefined> {
    const { table, blobs, run } = this.#parts;
    const found = await recordedOutcome(table, blobs, run, step, work_key);
    this.#keys.set(`${step.id}/${attempt}`, { work_key, recorded_run_id: found?.run_id ?? null });
    return found?.outcome;
  }

  /** Runs within this one that a step has made; whatever happens here, their event starts them too. */
  starts(run_ids: readonly string[]): void {
    this.started.push(...run_ids);
  }

  async resolve(step: PlanNode, edges: Resolution): Promise<StepState> {
    const { table, run } = this.#parts;
    const key = { run_id: run.id, ordinal: step.ordinal };
    let missing = edges;
    for (;;) {
      const [last = missing.untaken[0]] = missing.taken;
      if (last === undefined) throw new Error(`no edge to resolve at ${step.id}`);
      const sets = Object.entries(missing).filter(([, edges]) => edges.length > 0);
      const write = table.writes.update(
        runJoinItem,
        key,
        {
          set: { ...key, last, expires_at: run.expires_at },
          add: Object.fromEntries(sets.map(([name, edges]) => [name, new Set(edges)])),
        },
        { all: sets.flatMap(([name, edges]) => edges.map((edge: number) => ({ lacks: { [name]: edge } }))) },
        (old) => new Overlap(stateOf(old ?? {})),
      );
      try {
        // An edge that is there already is as good as one that was added, whoever added it.
        return stateOf(await table.apply(runJoinItem, { ...write, lost: "decide" }));
      } catch (error) {
        if (!(error instanceof Overlap)) throw error;
        missing = missingEdges(error.state, edges);
        if (missing.taken.length + missing.untaken.length === 0) return error.state;
      }
    }
  }

  async begin(step: PlanNode, attempt: number): Promise<Begin> {
    const { table, run, journal, clock } = this.#parts;
    const begun = begunStep(run, step, attempt, clock.now());
    const appended = await journal.append({
      step: begun,
      move: "begin",
      writes: [stepWrite(table, begun, "begin")],
      log: {
        level: "debug",
        type: "step.started",
        node_id: step.id,
        attempt,
        message: `${step.id} begins.`,
        data: { kind: begun.kind },
      },
      add: {},
      events: [],
      bytes: 2_000,
    });
    if (appended === "over") return { state: "stopped" };
    if (appended !== "written") return this.#found(step, appended.settled);
    if (journal.over) return { state: "stopped" };
    this.#begun.set(`${step.id}/${attempt}`, begun);
    return { state: "begun" };
  }

  async woken(step: PlanNode, attempt: number): Promise<Begin> {
    const { table, run } = this.#parts;
    const [found] = await table.table.batch([table.read(runStepItem, { run_id: run.id, node_id: step.id, attempt })]);
    if (found !== undefined && isSettled(found)) await this.#parts.journal.catchUp();
    return found === undefined ? { state: "stopped" } : this.#found(step, found);
  }

  async park(step: PlanNode, attempt: number, { pause_ms }: Parked): Promise<Begin | Refused> {
    const { table, run, journal, execution } = this.#parts;
    const key = `${step.id}/${attempt}`;
    const begun = this.#begun.get(key);
    const waits = this.#waits.get(key);
    if (begun === undefined || waits === undefined) throw new Error(`${key} waits for nothing`);
    const wait = {
      until: waits.until === undefined ? null : timestamp(waits.until),
      approval_id: waits.approval_id ?? null,
    };
    if (begun.status === "waiting") return { state: "parked", wait };
    const keyed = { ...begun, ...this.#keys.get(key) };
    const entry = parkingEntry(table, { run, begun: keyed, waits, pause_ms, execution });
    const appended = await journal.append(entry).catch(refusal);
    if (typeof appended === "object" && "state" in appended) return appended;
    if (appended === "over") return { state: "stopped" };
    if (appended !== "written") return this.#found(step, appended.settled);
    return journal.over ? { state: "stopped" } : { state: "parked", wait };
  }

  /** What an attempt that has moved on says. */
  async #found(step: PlanNode, found: RunStep): Promise<Begin> {
    if (isParked(found)) {
      this.#begun.set(`${step.id}/${found.attempt}`, found);
      return { state: "parked", wait: { until: found.wait_until, approval_id: found.approval_id } };
    }
    if (!isSettled(found)) return { state: "stopped" };
    return { state: "settled", outcome: await outcomeOf(found, this.#parts.blobs), shared: hasParked(found) };
  }

  async commit(step: PlanNode, attempt: number, wanted: Outcome, woken: boolean): Promise<Commit> {
    const { blobs, journal } = this.#parts;
    const { entry, outcome } = await this.#entry(step, attempt, wanted, woken ? "settle_woken" : "settle");
    let appended = await journal.append(entry);
    if (appended === "over") {
      appended = await this.#late(entry);
      return { result: "stopped", outcome: appended === "over" ? outcome : await this.#stored(appended, outcome) };
    }
    if (appended === "written") return { result: journal.over ? "stopped" : "committed", outcome };
    const { settled } = appended;
    if (journal.over && isParked(settled)) return { result: "stopped", outcome };
    // Whoever has not found it waiting does not know that others may go on from it.
    if (!journal.over && hasParked(settled) && !woken) return { result: "parked", outcome };
    return { result: journal.over ? "stopped" : "already", outcome: await outcomeOf(settled, blobs) };
  }

  async outcomes(steps: readonly PlanNode[]): Promise<ReadonlyMap<number, Outcome>> {
    const { table, blobs, run, given = {} } = this.#parts;
    const outcomes = new Map<number, Outcome>();
    const asked = steps.filter((step) => {
      const outcome = Object.hasOwn(given, step.id) ? given[step.id] : undefined;
      if (outcome !== undefined) outcomes.set(step.ordinal, outcome);
      return outcome === undefined;
    });
    const keys = asked.flatMap((step) =>
      Array.from({ length: step.node?.config.retry?.max_attempts ?? 1 }, (_, i) => ({
        ordinal: step.ordinal,
        read: table.read(runStepItem, { run_id: run.id, node_id: step.id, attempt: i + 1 }),
      })),
    );
    const found = await table.table.batch(keys.map(({ read }) => read));
    await Promise.all(
      keys.map(async ({ ordinal }, i) => {
        const attempt = found[i];
        if (attempt === undefined || !isSettled(attempt) || attempt.retry_in_ms !== null) return;
        outcomes.set(ordinal, await outcomeOf(attempt, blobs));
      }),
    );
    return outcomes;
  }

  async finish(result: RunResult): Promise<void> {
    const { table, blobs, run, journal, clock } = this.#parts;
    const at = clock.now();
    const own = runContext(table, run, at);
    const end = (context: ChangeContext, ending: Ending) => endRun(table, context, run, ending);
    switch (result.status) {
      case "timed_out":
        journal.state = await end(endingContext(table, run, "run_deadline", at), result);
        return;
      case "denied": {
        const { error, node_id } = result;
        journal.state = await end(endingContext(table, run, "run_rights", at), { status: "stopped", error, node_id });
        return;
      }
      case "failed":
        journal.state = await end(own, result);
        return;
      case "completed": {
        const { output } = result;
        const fits = bytesOf(output) <= MAX_OUTPUT_BYTES;
        journal.state = await end(
          own,
          fits
            ? { status: "completed", output: await storeJson(blobs, table.tenant, run, output) }
            : { status: "failed", error: tooLarge },
        );
      }
    }
  }

  /** What a commit writes. An output that is too large for a step is its failure, under its policy. */
  async #entry(
    step: PlanNode,
    attempt: number,
    wanted: Outcome,
    move: StepMove,
  ): Promise<{ entry: Entry; outcome: Outcome }> {
    const { table, blobs, run, clock, execution } = this.#parts;
    const at = clock.now();
    const bytes = wanted.status === "completed" ? bytesOf(wanted.output) : 0;
    const outcome =
      bytes > MAX_OUTPUT_BYTES ? settle(step, attempt, { ok: false, error: tooLarge, retryable: false }) : wanted;
    const output = outcome.status === "completed" ? await storeJson(blobs, table.tenant, run, outcome.output) : null;
    const work = this.#work.get(`${step.id}/${attempt}`);
    const key = `${step.id}/${attempt}`;
    const begun = {
      ...(this.#begun.get(key) ?? begunStep(run, step, attempt, at)),
      ...this.#keys.get(key),
      ...this.#marks.get(key),
    };
    const { usage = [], ...spent } = work ?? {};
    const record = settledStep(begun, outcome, output, work === undefined ? undefined : (spent as Spent), at);
    const writes = [stepWrite(table, record, move), ...usage];
    if (outcome.status === "retrying") {
      const waiting: RunStep = {
        ...begunStep(run, step, attempt + 1, at),
        status: "waiting",
        started_at: null,
        wait_until: timestamp(addSeconds(at, outcome.retry_in_ms / 1_000)),
        waits_for: "retry",
        waiting_run_id: run.id,
        execution,
      };
      writes.push(table.writes.put(runStepItem, waiting));
    }
    const ended = outcome.status === "completed" || outcome.status === "failed";
    const add: Partial<Totals> = {
      steps: ended ? 1 : 0,
      tokens_in: work?.tokens_in ?? 0,
      tokens_out: work?.tokens_out ?? 0,
      cost_usd_micros: work?.cost_usd_micros ?? 0,
    };
    return {
      entry: {
        step: record,
        move,
        writes,
        log: outcomeLog(record, outcome),
        add,
        events: outcomeEvents(run, record, outcome),
        bytes:
          4_000 + bytesOf(record.retrieved) + (output !== null && "inline" in output ? output.inline.length * 3 : 0),
      },
      outcome,
    };
  }

  /**
   * The outcome of work that was under way when the run ended: it was done and costs money, so it is kept and counted.
   * Nothing is told of it, because the end of a run is the last that its log says.
   */
  async #late({ writes: [own, ...rest], add }: Entry): Promise<Appended> {
    const { table, run } = this.#parts;
    if (own === undefined) return "over";
    try {
      await table.transact([
        own,
        ...rest.filter(({ item }) => item.Put?.Item?.status !== "waiting"),
        addWrite(table, run.id, add),
      ]);
      return "over";
    } catch (error) {
      if (error instanceof Settled) return { settled: error.step };
      if (error instanceof Problem && error.code === "not_found") return "over";
      throw error;
    }
  }

  async #stored(appended: Appended, outcome: Outcome): Promise<Outcome> {
    const settled = typeof appended === "object" && isSettled(appended.settled) ? appended.settled : undefined;
    return settled === undefined ? outcome : outcomeOf(settled, this.#parts.blobs);
  }
}

const bytesOf = (value: Json): number => Buffer.byteLength(JSON.stringify(value));
const tooLarge = {
  code: "output_too_large",
  message: `The output is larger than ${MAX_OUTPUT_BYTES} bytes of JSON.`,
};
