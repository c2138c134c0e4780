import type { Json } from "../../../../shared/expressions/json.ts";
import type { Pinned } from "../../model.ts";
import type { Outcome, Parked, StepError } from "./outcome.ts";
import type { PlanNode, Resolution, StepState } from "./plan.ts";
import type { Denied } from "./rights.ts";

/**
 * `committed` now, or `already` before, in which case `outcome` is the one that was stored. `stopped`: stored, but the run is over.
 * `parked`: not stored, because another copy of the same work has begun to wait; whoever finds that goes on as one who was woken.
 */
export interface Commit {
  readonly result: "committed" | "already" | "stopped" | "parked";
  readonly outcome: Outcome;
}

/**
 * Whether an attempt is to be worked. `parked`: it has begun before and waits. `settled`: it is committed already.
 * `stopped`: the run is over.
 */
export type Begin =
  | { readonly state: "begun" }
  | { readonly state: "parked"; readonly wait: Waiting }
  | {
      readonly state: "settled";
      readonly outcome: Outcome;
      /** It has waited: several may have been woken, and may go on from it. */
      readonly shared: boolean;
    }
  | { readonly state: "stopped" };

/** Why an attempt may not begin to wait. */
export interface Refused {
  readonly state: "refused";
  readonly error: StepError;
}

/** An attempt that waits. */
export interface Waiting {
  /** Until when where that is known. RFC 3339. */
  readonly until: string | null;
  /** The approval that it waits for. */
  readonly approval_id?: string | null;
}

export type RunResult =
  | { readonly status: "completed"; readonly output: Json }
  | { readonly status: "failed"; readonly error: StepError; readonly node_id: string }
  /** Its deadline has come. */
  | { readonly status: "timed_out" }
  /** What the run may do has changed since it was started: this step may not begin. */
  | { readonly status: "denied"; readonly error: Denied; readonly node_id: string };

/**
 * What the engine needs of the table, for one run. Each call is one write (or transaction) that needs no earlier read, and each may
 * be repeated: a task that crashed anywhere is simply run again from its beginning, while its first attempt may still be under way.
 */
export interface RunStore {
  /** The run's input. */
  input(): Promise<Json>;

  /** Of what is drawn by chance: the run's own. */
  readonly seed: string;

  /** How long the run may still take, by the clock; zero or less when its deadline has come. */
  left_ms(): number;

  /**
   * Before a step that has an effect outside: why the run may not take it any more. Read strongly consistent, so that
   * what was taken away before this step takes hold of it.
   */
  denial(step: PlanNode): Promise<Denied | undefined>;

  /**
   * Resolves edges at a step and returns the state after it. Used for steps with several incoming edges only. The arithmetic is
   * `resolveEdges`, done atomically: one update that adds the edges to the sets and sets `last` to one of them, on the condition that
   * the sets hold none of them; when they do, the old item tells which (`missingEdges`), and only those are tried again.
   *
   * The write that completes the sets thereby also records by which edge: whoever resolves that edge owns the step. There is no
   * claim of its own that could be made by a crashed walk after its repetition has passed, and nothing is lost between two writes.
   */
  resolve(step: PlanNode, edges: Resolution): Promise<StepState>;

  /**
   * Before a task's work: marks the step as running, conditional on the run still running (that is how a stop takes hold), and tells
   * an attempt that is committed already.
   */
  begin(step: PlanNode, attempt: number): Promise<Begin>;

  /** The same of an attempt that was woken. `stopped` also where it does not wait. */
  woken(step: PlanNode, attempt: number): Promise<Begin>;

  /**
   * Before a task's work: what the same work came to in the run whose outcomes this one takes over, where there is one. Of what
   * is given its key is kept with what the attempt comes to.
   */
  recorded(step: PlanNode, attempt: number, key: string): Promise<Outcome | undefined>;

  /** What the run is pinned to: part of what work follows from. */
  readonly pinned: Pinned;

  /**
   * Marks a begun attempt as waiting, in one transaction with whatever its work has to leave behind for that. One that waits
   * already stays as it is. `refused`: what it would leave behind is one too many; nothing was written.
   */
  park(step: PlanNode, attempt: number, parked: Parked): Promise<Begin | Refused>;

  /**
   * Stores what an attempt came to, once: keyed by run, node and attempt, in one transaction with its usage and its events.
   * A step is final with any outcome but `retrying`. When the run is over the outcome is still stored, because the work was done and
   * costs money, and the answer is `stopped`. One that waits is settled only by who has found it so: `woken`.
   */
  commit(step: PlanNode, attempt: number, outcome: Outcome, woken: boolean): Promise<Commit>;

  /** The final outcomes of those of the steps that have one, by ordinal; read strongly consistent. */
  outcomes(steps: readonly PlanNode[]): Promise<ReadonlyMap<number, Outcome>>;

  /** Ends the run, once: conditional on its still running, in one transaction with audit entry and event. A second end changes nothing. */
  finish(result: RunResult): Promise<void>;
}
