import { createHash } from "node:crypto";
import { nodeAt, nodeNamed, type Plan } from "./plan.ts";

/**
 * What one call of the engine is asked to do. Small enough for a workflow's state: ids and numbers, never values.
 * `node`: begin the run at its input node, or do an attempt of a task, after a pause where there is one; `woken`: look again at one
 * that waits. `resume`: go on resolving edges of finished nodes,
 * each as [node's ordinal, how many of its edges are resolved].
 */
export type Ticket =
  | {
      readonly node: string;
      readonly attempt: number;
      readonly woken?: true | undefined;
      readonly pause_ms?: number | undefined;
    }
  | {
      readonly resume: readonly (readonly [ordinal: number, resolved: number])[];
      /** Others may go on from the same steps: see `advance`. */
      readonly shared?: true | undefined;
    };

/** The ticket that a run begins with. */
export const firstTicket = (plan: Plan): Ticket => ({ node: nodeAt(plan, plan.first).id, attempt: 1 });

/** The name of an execution that wakes a step: the same for the same cause. */
export function wakingName(run_id: string, node_id: string, attempt: number, cause: string): string {
  const digest = createHash("sha256")
    .update(JSON.stringify([node_id, attempt, cause]))
    .digest("hex");
  return `${run_id}-w${digest.slice(0, 24)}`;
}

/**
 * The name of the workflow execution that takes a ticket: the same for the same run and ticket, so starting it twice starts it once.
 * At most 80 characters of letters, digits, "-" and "_", given a run id of at most 40.
 */
export function executionName(run_id: string, plan: Plan, ticket: Ticket): string {
  if ("node" in ticket) return `${run_id}-n${nodeNamed(plan, ticket.node).ordinal}-a${ticket.attempt}`;
  const digest = createHash("sha256").update(JSON.stringify(ticket.resume)).digest("hex");
  return `${run_id}-r${digest.slice(0, 24)}`;
}
