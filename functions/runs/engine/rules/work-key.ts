import { createHash } from "node:crypto";
import type { Scope } from "../../../../shared/expressions/expression.ts";
import { canonicalJson } from "../../../../shared/expressions/json.ts";
import { agentOf, type NodeAgent, referencesOf, usesOf, workersOf } from "../../../pipelines/graph/public.ts";
import type { Pinned } from "../../model.ts";
import type { TakenInput } from "./input.ts";
import { edgeAt, type Plan, type PlanNode } from "./plan.ts";

/** A text that may read the run's input: one that does not match cannot. */
const READS_RUN = /run|\$\$|\*/;

/** What a task's work is done with. */
export interface WorkGiven {
  readonly inputs: readonly TakenInput[];
  readonly scope: Scope;
}

/**
 * What a task's outcome follows from, in short: its config, what it is given, which versions it uses. Two tasks of the same key
 * are the same work, in whatever run or revision: what one came to can stand for the other.
 */
export function workKey(
  plan: Plan,
  { id, node, outgoing }: PlanNode,
  { inputs, scope }: WorkGiven,
  pinned: Pinned,
): string {
  if (node === undefined) throw new Error(`${id} is no work`);
  const versionOf = ({ agent_id, version = agent_id === undefined ? undefined : pinned.agents[agent_id] }: NodeAgent) =>
    version ?? null;
  const agent = agentOf(node);
  const workers = workersOf(node).map(versionOf);
  const runs = referencesOf(node).some(({ type }) => type === "pipeline");
  // Which of its connections are closed is part of its outcome, by their places.
  const conditions = outgoing.map((edge) => edgeAt(plan, edge)).filter(({ condition }) => condition !== undefined);
  const readsRun = usesOf(node).some((use) => {
    if (use.form === "condition") return JSON.stringify(use.condition).includes('"run.');
    // Also by a wildcard or from the root, which reach it without its name.
    return READS_RUN.test(use.form === "member" ? use.path : use.text);
  });
  const work = {
    id,
    kind: node.kind,
    config: node.config,
    inputs,
    input: scope.input,
    steps: scope.steps,
    run: readsRun || conditions.length > 0 ? scope.run : null,
    agent: agent === undefined ? null : versionOf(agent),
    ...(workers.length === 0 ? {} : { workers }),
    // What runs within it may use any of them.
    pinned: runs ? { agents: pinned.agents, pipelines: pinned.pipelines } : null,
    conditions: conditions.map(({ ordinal, handle, condition }) => ({ ordinal, handle: handle ?? null, condition })),
  };
  return createHash("sha256").update(canonicalJson(work)).digest("base64url");
}
