import { createHash } from "node:crypto";
import type { Scope } from "../../../../shared/expressions/expression.ts";
import { conditionHolds } from "../../../../shared/expressions/holds.ts";
import type { RunChoice } from "../../model.ts";
import type { AttemptResult } from "./outcome.ts";
import { edgeAt, type Plan } from "./plan.ts";

export const tooCostly: AttemptResult = {
  ok: false,
  error: { code: "condition_too_costly", message: "a pattern of a condition takes too long on the text that it meets" },
  retryable: false,
};

/** Goes on by a handle with the input. A condition on a connection that leaves by it narrows it further. */
export async function goOn(
  plan: Plan,
  outgoing: readonly number[],
  { handle, scope, choice }: { readonly handle: string; readonly scope: Scope; readonly choice?: RunChoice },
): Promise<AttemptResult> {
  const blocked: number[] = [];
  for (const ordinal of outgoing) {
    const edge = edgeAt(plan, ordinal);
    if (edge.handle !== handle || edge.condition === undefined) continue;
    const open = await conditionHolds(edge.condition, scope);
    if (!open.ok) return tooCostly;
    if (!open.value) blocked.push(ordinal);
  }
  return { ok: true, output: scope.input, handle, blocked, ...(choice === undefined ? {} : { choice }) };
}

interface Weighed {
  readonly handle: string;
  readonly weight?: number | undefined;
}

/** By chance and weight: the same for the same seed and node, so that a walk which is repeated goes the same way. */
export function drawn(branches: readonly Weighed[], seed: string, node_id: string): string | undefined {
  const digest = createHash("sha256").update(`${seed}/${node_id}`).digest();
  const total = branches.reduce((sum, { weight = 1 }) => sum + weight, 0);
  let left = (digest.readUIntBE(0, 6) / 2 ** 48) * total;
  return branches.find(({ weight = 1 }) => {
    left -= weight;
    return left < 0;
  })?.handle;
}

/** The branch whose turn it is, counted from 1. */
export const inTurn = (branches: readonly Weighed[], turn: number): string | undefined =>
  branches[(turn - 1) % branches.length]?.handle;
