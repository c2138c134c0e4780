import type { Json } from "../../../shared/expressions/json.ts";
import { mergedInput, outcomesNeeded, outputNodes, runOutput, scopeOf, takenInputs } from "./rules/input.ts";
import { edgeTaken, failsRun, type Outcome, settle, skipped } from "./rules/outcome.ts";
import {
  decide,
  edgeAt,
  nodeAt,
  type Plan,
  type PlanNode,
  type Resolution,
  resolveEdges,
  unresolved,
} from "./rules/plan.ts";
import { type CheckSchema, runPure } from "./rules/pure.ts";
import type { RunResult, RunStore } from "./rules/store.ts";
import type { Ticket } from "./rules/ticket.ts";

/** What a walk begins with: the run's beginning, a task's outcome, or what an earlier call left over. */
export type Start =
  | { readonly begin: true }
  | { readonly node: string; readonly attempt: number; readonly outcome: Outcome; readonly shared: boolean }
  | Extract<Ticket, { resume: unknown }>;

/** What the workflow does next. */
export interface Advance {
  /** Goes on in this execution; without it, this branch has ended. */
  readonly next?: Ticket;
  /** Pause before `next`. */
  readonly wait_ms?: number;
  /** Each is to be started as an execution of its own, under its `executionName`. */
  readonly forks: readonly Ticket[];
  /** The run is over: completed, failed or stopped. */
  readonly done: boolean;
}

export interface AdvanceOptions {
  readonly checkSchema: CheckSchema;
  /** Edges resolved and nodes worked off in one call before the rest is handed to the next. A call does at least one batch. */
  readonly budget?: number;
  /** Edges resolved side by side: 1 to 100. */
  readonly width?: number;
}

const DEFAULT_BUDGET = 500;
const DEFAULT_WIDTH = 32;

const over: Advance = { forks: [], done: true };

/** Waits for all, also when one fails: nothing of a call is under way any more when the call ends. */
async function all<T>(promises: readonly Promise<T>[]): Promise<T[]> {
  const results = await Promise.allSettled(promises);
  return results.map((result) => {
    if (result.status === "rejected") throw result.reason;
    return result.value;
  });
}

/** A step that this walk has completed, and whether it runs or is skipped. */
interface Owned {
  readonly node: PlanNode;
  readonly decision: "ready" | "skip";
}

/**
 * Commits an outcome and follows everything it leads to: resolves its edges, skips what no branch reaches, works off pure nodes, and
 * stops at tasks, which it returns. A join belongs to the walk whose edge completes it; nobody waits.
 *
 * Every step it takes may be taken again. A call that crashed is repeated with the same start, even while the first is still under
 * way: whoever walks the same edges comes to own the same steps, because the edge that completed a step is part of the step's state.
 *
 * A step that has waited may have been woken by several, and nobody knows which of them lives: all of them walk on from it, `shared`.
 * What they own they own together, so none does a task itself: each is an execution of its own, by whose name it is started once.
 */
export async function advance(plan: Plan, store: RunStore, start: Start, options: AdvanceOptions): Promise<Advance> {
  return new Walk(plan, store, options).run(start);
}

class Walk {
  readonly #plan: Plan;
  readonly #store: RunStore;
  readonly #checkSchema: CheckSchema;
  readonly #budget: number;
  readonly #width: number;
  /** Outcomes that this walk knows, so that most are not read back. */
  readonly #known = new Map<number, Outcome>();
  /** Finished nodes with edges still to resolve; the last is worked on first, which keeps the list short. */
  readonly #stack: { readonly node: PlanNode; resolved: number }[] = [];
  readonly #tasks: Ticket[] = [];
  #input: Promise<Json> | undefined;
  #over = false;
  #parked: Ticket | undefined;
  #shared = false;
  #spent = 0;

  constructor(
    plan: Plan,
    store: RunStore,
    { checkSchema, budget = DEFAULT_BUDGET, width = DEFAULT_WIDTH }: AdvanceOptions,
  ) {
    this.#plan = plan;
    this.#store = store;
    this.#checkSchema = checkSchema;
    this.#budget = budget;
    this.#width = Math.min(Math.max(width, 1), 100);
  }

  async run(start: Start): Promise<Advance> {
    this.#shared = "shared" in start && start.shared === true;
    if ("resume" in start) {
      for (const [ordinal, resolved] of start.resume) this.#stack.push({ node: nodeAt(this.#plan, ordinal), resolved });
    } else if ("begin" in start) {
      if (!(await this.#late())) await this.#work({ node: nodeAt(this.#plan, this.#plan.first), decision: "ready" });
    } else {
      const node = nodeAt(this.#plan, this.#plan.byId.get(start.node) ?? -1);
      const outcome = await this.#commit(node, start.attempt, start.outcome, this.#shared);
      const goesOn = !this.#over && this.#parked === undefined;
      if (outcome.status === "retrying" && goesOn && !(await this.#late())) {
        const next = { node: start.node, attempt: start.attempt + 1 };
        const pause_ms = outcome.retry_in_ms;
        if (this.#shared) return { forks: [{ ...next, pause_ms }], done: false };
        return { next, wait_ms: pause_ms, forks: [], done: false };
      }
    }
    while (!this.#over && this.#parked === undefined && this.#stack.length > 0 && !(await this.#late())) {
      await this.#batch();
      if (this.#spent >= this.#budget) break;
    }
    return this.#answer();
  }

  /** Whether the run's deadline has come; the run ends with it. Whoever takes a step looks at the clock. */
  async #late(): Promise<boolean> {
    if (this.#store.left_ms() > 0) return false;
    await this.#end({ status: "timed_out" });
    return true;
  }

  /** Ends the run. A run whose deadline has come is timed out, whatever it came to at last. */
  async #end(result: RunResult): Promise<void> {
    await this.#store.finish(this.#store.left_ms() > 0 ? result : { status: "timed_out" });
    this.#over = true;
  }

  #answer(): Advance {
    if (this.#over) return over;
    if (this.#parked !== undefined) return { next: this.#parked, forks: [], done: false };
    if (this.#stack.length > 0) {
      const resume = this.#stack.map(({ node, resolved }) => [node.ordinal, resolved] as const);
      const next = this.#shared ? ({ resume, shared: true } as const) : { resume };
      return { next, forks: this.#tasks, done: false };
    }
    if (this.#shared) return { forks: this.#tasks, done: false };
    const [next, ...forks] = this.#tasks;
    return next === undefined ? { forks, done: false } : { next, forks, done: false };
  }

  /** Resolves up to `width` edges, those with the same target in one write, and works off the steps that this completes. */
  async #batch(): Promise<void> {
    const byTarget = new Map<number, { taken: number[]; untaken: number[] }>();
    for (const ordinal of await this.#takeEdges()) {
      const { source, target } = edgeAt(this.#plan, ordinal);
      const group = byTarget.get(target) ?? { taken: [], untaken: [] };
      byTarget.set(target, group);
      const outcome = this.#known.get(source);
      if (outcome === undefined) throw new Error(`node ${nodeAt(this.#plan, source).id} has no outcome`);
      (edgeTaken(this.#plan, ordinal, outcome) ? group.taken : group.untaken).push(ordinal);
      this.#spent++;
    }
    const owned = await all([...byTarget].map(([target, edges]) => this.#arrive(nodeAt(this.#plan, target), edges)));
    await all(owned.flatMap((step) => (step === undefined ? [] : this.#work(step))));
  }

  /** The next edges from the top of the stack. Their sources' outcomes are known afterwards. */
  async #takeEdges(): Promise<number[]> {
    const edges: number[] = [];
    const sources = new Set<number>();
    for (let top = this.#stack.at(-1); top !== undefined && edges.length < this.#width; top = this.#stack.at(-1)) {
      const part = top.node.outgoing.slice(top.resolved, top.resolved + this.#width - edges.length);
      edges.push(...part);
      sources.add(top.node.ordinal);
      top.resolved += part.length;
      if (top.resolved >= top.node.outgoing.length) this.#stack.pop();
    }
    await this.#know([...sources]);
    return edges;
  }

  /** Resolves edges at their target. The step, when it is complete and this walk's to do. */
  async #arrive(node: PlanNode, edges: Resolution): Promise<Owned | undefined> {
    // A step with one incoming edge needs no state: the walk that owns the edge owns the step.
    const joins = node.incoming.length > 1;
    const state = joins ? await this.#store.resolve(node, edges) : resolveEdges(unresolved, edges);
    const decision = decide(node, state, edges);
    return decision === "ready" || decision === "skip" ? { node, decision } : undefined;
  }

  async #work({ node, decision }: Owned): Promise<void> {
    this.#spent++;
    if (node.ordinal === this.#plan.end) await this.#complete();
    else if (decision === "skip") await this.#commit(node, 1, skipped);
    else if (node.pure) await this.#commit(node, 1, await this.#evaluate(node));
    else this.#tasks.push({ node: node.id, attempt: 1 });
  }

  async #evaluate(node: PlanNode): Promise<Outcome> {
    await this.#know(outcomesNeeded(this.#plan, node));
    this.#input ??= this.#store.input();
    const run_input = await this.#input;
    const inputs = takenInputs(this.#plan, node, this.#known);
    const input = mergedInput(inputs, run_input, node.ordinal === this.#plan.start);
    const scope = scopeOf(this.#plan, node, input, run_input, this.#known);
    const result = await runPure(this.#plan, node, inputs, scope, {
      checkSchema: this.#checkSchema,
      seed: this.#store.seed,
    });
    return settle(node, 1, result);
  }

  /** Stores an outcome, or learns the one that was stored before, and puts the node's edges on the worklist. */
  async #commit(node: PlanNode, attempt: number, wanted: Outcome, woken = false): Promise<Outcome> {
    const { result, outcome } = await this.#store.commit(node, attempt, wanted, woken);
    if (result === "stopped") {
      this.#over = true;
    } else if (result === "parked") {
      this.#parked = { node: node.id, attempt, woken: true };
    } else if (failsRun(outcome)) {
      await this.#end({ status: "failed", error: outcome.error, node_id: node.id });
    } else if (outcome.status !== "retrying") {
      this.#known.set(node.ordinal, outcome);
      this.#stack.push({ node, resolved: 0 });
    }
    return outcome;
  }

  async #complete(): Promise<void> {
    await this.#know(outputNodes(this.#plan));
    await this.#end({ status: "completed", output: runOutput(this.#plan, this.#known) });
  }

  /** Reads the outcomes that are not known yet. */
  async #know(ordinals: readonly number[]): Promise<void> {
    const missing = ordinals.filter((ordinal) => !this.#known.has(ordinal));
    if (missing.length === 0) return;
    const read = await this.#store.outcomes(missing.map((ordinal) => nodeAt(this.#plan, ordinal)));
    for (const [ordinal, outcome] of read) this.#known.set(ordinal, outcome);
  }
}
