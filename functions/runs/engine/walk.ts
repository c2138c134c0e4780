import type { Scope } from "../../../shared/expressions/expression.ts";
import { type Advance, type AdvanceOptions, advance } from "./advance.ts";
import { mergedInput, outcomesNeeded, scopeOf, type TakenInput, takenInputs } from "./rules/input.ts";
import { type AttemptResult, type Parked, settle } from "./rules/outcome.ts";
import { nodeNamed, type Plan, type PlanNode } from "./rules/plan.ts";
import type { Begin, RunStore, Waiting } from "./rules/store.ts";
import type { Ticket } from "./rules/ticket.ts";
import { workKey } from "./rules/work-key.ts";

/** Does one attempt of a task. Failures are values; a thrown error means that it is unknown whether the work was done. */
export type Work = (task: {
  readonly node: PlanNode;
  readonly attempt: number;
  readonly scope: Scope;
  /** What came along its taken edges, each by itself. */
  readonly inputs: readonly TakenInput[];
  /** What is left of the run's time; the work takes no longer. */
  readonly left_ms: number;
  /** That it has waited, where it has. */
  readonly wait: Waiting | undefined;
}) => Promise<AttemptResult | Parked>;

/**
 * The whole of the workflow's RunNode task: does what the ticket says and tells what comes next. May be repeated with the same ticket
 * after a crash at any point, and while the crashed attempt is still under way; the first committed outcome counts for all.
 * No work begins after the run's deadline, nor when the run has lost what it needs for it.
 */
export async function runTicket(
  plan: Plan,
  store: RunStore,
  ticket: Ticket,
  work: Work,
  options: AdvanceOptions,
): Promise<Advance> {
  if ("resume" in ticket) return advance(plan, store, ticket, options);
  const node = nodeNamed(plan, ticket.node);
  if (node.ordinal === plan.first && node.pure) return advance(plan, store, { begin: true }, options);
  const { attempt, pause_ms } = ticket;
  if (pause_ms !== undefined) return { next: { node: node.id, attempt }, wait_ms: pause_ms, forks: [], done: false };
  const ended = { forks: [], done: true } as const;
  const timedOut = async () => {
    await store.finish({ status: "timed_out" });
    return ended;
  };
  if (store.left_ms() <= 0) return timedOut();
  const denial = await store.denial(node);
  if (denial !== undefined) {
    await store.finish({ status: "denied", error: denial, node_id: node.id });
    return ended;
  }
  const begin = await (ticket.woken ? store.woken(node, attempt) : store.begin(node, attempt));
  if (begin.state === "stopped") return ended;
  const settled = ({ outcome, shared }: Pick<Extract<Begin, { state: "settled" }>, "outcome" | "shared">) =>
    advance(plan, store, { node: node.id, attempt, outcome, shared }, options);
  if (begin.state === "settled") return settled(begin);
  const [outcomes, run_input] = await Promise.all([
    store.outcomes(
      outcomesNeeded(plan, node)
        .map((ordinal) => plan.nodes[ordinal])
        .filter((one) => one !== undefined),
    ),
    store.input(),
  ]);
  const inputs = takenInputs(plan, node, outcomes);
  const input = mergedInput(inputs, run_input, false);
  const scope = scopeOf(plan, node, input, run_input, outcomes);
  const left_ms = store.left_ms();
  // What came before may have taken its time.
  if (left_ms <= 0) return timedOut();
  const wait = begin.state === "parked" ? begin.wait : undefined;
  const recorded =
    wait === undefined
      ? await store.recorded(node, attempt, workKey(plan, node, { inputs, scope }, store.pinned))
      : undefined;
  if (recorded !== undefined) return settled({ outcome: recorded, shared: false });
  const result = await work({ node, attempt, scope, inputs, left_ms, wait });
  if ("parked" in result) {
    const parked = await store.park(node, attempt, result);
    if (parked.state === "stopped") return ended;
    if (parked.state === "settled") return settled(parked);
    if (parked.state === "refused") {
      const { error } = parked;
      return settled({
        outcome: settle(node, attempt, { ok: false, error, retryable: false }),
        shared: wait !== undefined,
      });
    }
    const { pause_ms } = result;
    if (pause_ms === undefined) return { forks: [], done: false };
    return { next: { node: node.id, attempt, woken: true }, wait_ms: pause_ms, forks: [], done: false };
  }
  const outcome = settle(node, attempt, result, store.left_ms());
  return settled({ outcome, shared: wait !== undefined });
}
