import type { Scope } from "../../../shared/expressions/expression.ts";
import { type Advance, type AdvanceOptions, advance } from "./advance.ts";
import { mergedInput, outcomesNeeded, scopeOf, takenInputs } from "./rules/input.ts";
import { type AttemptResult, settle } from "./rules/outcome.ts";
import { nodeNamed, type Plan, type PlanNode } from "./rules/plan.ts";
import type { RunStore } from "./rules/store.ts";
import type { Ticket } from "./rules/ticket.ts";

/** Does one attempt of a task. Failures are values; a thrown error means that it is unknown whether the work was done. */
export type Work = (task: {
  readonly node: PlanNode;
  readonly attempt: number;
  readonly scope: Scope;
}) => Promise<AttemptResult>;

/**
 * The whole of the workflow's RunNode task: does what the ticket says and tells what comes next. May be repeated with the same ticket
 * after a crash at any point, and while the crashed attempt is still under way; the first committed outcome counts for all.
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
  if (node.ordinal === plan.start) return advance(plan, store, { begin: true }, options);
  const { attempt } = ticket;
  const begin = await store.begin(node, attempt);
  if (begin.state === "stopped") return { forks: [], done: true };
  if (begin.state === "settled") return advance(plan, store, { ...ticket, outcome: begin.outcome }, options);
  const [outcomes, run_input] = await Promise.all([
    store.outcomes(
      outcomesNeeded(plan, node)
        .map((ordinal) => plan.nodes[ordinal])
        .filter((one) => one !== undefined),
    ),
    store.input(),
  ]);
  const input = mergedInput(takenInputs(plan, node, outcomes), run_input, false);
  const result = await work({ node, attempt, scope: scopeOf(plan, node, input, run_input, outcomes) });
  return advance(plan, store, { node: ticket.node, attempt, outcome: settle(node, attempt, result) }, options);
}
