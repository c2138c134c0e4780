import { type Condition, eachComparison } from "../../../../shared/expressions/condition.ts";
import { compileExpression } from "../../../../shared/expressions/expression.ts";
import type { Outline } from "../../../../shared/expressions/expression-outline.ts";
import { stepOfPath } from "../../../../shared/expressions/paths.ts";
import { compileTemplate } from "../../../../shared/expressions/template.ts";
import type { AgentStatus } from "../../../agents/model.ts";
import type { Reference } from "./check-paths.ts";
import type { CompiledUse } from "./check-types.ts";
import type { Findings } from "./issues.ts";
import type { NodeKind, Use } from "./kinds/kind.ts";
import { type KindIndex, usesOf } from "./kinds.ts";
import type { Connection, GraphNode } from "./nodes.ts";
import { type PatternName, patternDefinition } from "./patterns.ts";
import type { AnswerSchemas } from "./types/flow.ts";

/** What the validation must know of the world outside of the graph. */
export interface GraphFacts {
  readonly pattern: PatternName;
  /** Agents of the organization: at least those that the graph names. */
  readonly agents: ReadonlyMap<string, { readonly status: AgentStatus }>;
  /** What the agents that nodes run answer with, as far as it is known. */
  readonly answers: AnswerSchemas;
}

type Read =
  | { readonly ok: true; readonly steps: readonly string[]; readonly outlines: readonly Outline[] }
  | { readonly ok: false; readonly message: string };

/** The steps that a condition reads. */
export function stepsInCondition(condition: Condition): readonly string[] {
  const steps: string[] = [];
  eachComparison(condition, ({ path }) => {
    const step = stepOfPath(path);
    if (step !== undefined) steps.push(step);
  });
  return steps;
}

function stepsOf(use: Use): Read {
  switch (use.form) {
    case "expression": {
      const expression = compileExpression(use.text);
      return expression.ok ? { ...expression, outlines: [expression.outline] } : expression;
    }
    case "template":
      return compileTemplate(use.text);
    case "condition":
      return { ok: true, steps: stepsInCondition(use.condition), outlines: [] };
    case "member":
      return { ok: true, steps: [], outlines: [] };
  }
}

/** The steps whose outputs a node's own config reads; nothing for expressions that do not compile. */
export function stepsRead(node: GraphNode): readonly string[] {
  const uses = usesOf(node);
  if (uses.length === 0) return [];
  return uses.flatMap((use) => {
    const read = stepsOf(use);
    return read.ok ? read.steps : [];
  });
}

/** Expressions compile and name steps that exist; nothing is missing in a config. Returns which node reads which, and what is used where. */
export function configs(
  index: KindIndex,
  findings: Findings,
): { readonly references: readonly Reference[]; readonly uses: readonly CompiledUse[] } {
  const references: Reference[] = [];
  const uses: CompiledUse[] = [];
  const read = (reader: number, use: Use, connection?: Connection) => {
    const node = index.nodes[reader] as GraphNode;
    const where = connection === undefined ? use.field : `the condition of connection ${connection.id}`;
    const edges = connection === undefined ? [] : [connection.id];
    const result = stepsOf(use);
    if (!result.ok) {
      findings.add(
        "expression_invalid",
        `${use.field} of "${node.label}" (${node.id}): ${result.message}`,
        [node.id],
        edges,
      );
      return;
    }
    uses.push({ reader, use, outlines: result.outlines, steps: result.steps, connection });
    for (const step of result.steps) {
      const position = index.position.get(step);
      if (position !== undefined) references.push({ reader, read: position, field: where });
      else {
        const message = `${where} of "${node.label}" (${node.id}) reads steps.${step}, but no node has that id. In expressions, put an id with "-" in backticks.`;
        findings.add("reference_unknown", message, [node.id], edges);
      }
    }
  };
  for (let i = 0; i < index.nodes.length; i++) {
    const node = index.nodes[i] as GraphNode;
    const kind = index.kinds[i] as NodeKind;
    for (const sentence of kind.lacks(node.config)) {
      findings.add("config_incomplete", `Node "${node.label}" (${node.id}) is not complete. ${sentence}`, [node.id]);
    }
    for (const use of kind.uses(node.config)) read(i, use);
  }
  for (let e = 0; e < index.connections.length; e++) {
    const connection = index.connections[e] as Connection;
    const source = index.source[e] ?? -1;
    if (connection.condition === undefined || source < 0) continue;
    read(source, { field: "condition", form: "condition", condition: connection.condition }, connection);
  }
  return { references, uses };
}

/** Agents are chosen, exist and are active: those that a node runs itself, and those that it names besides. */
export function agents(index: KindIndex, facts: GraphFacts, findings: Findings): void {
  for (let i = 0; i < index.nodes.length; i++) {
    const node = index.nodes[i] as GraphNode;
    const { agent, references } = index.kinds[i] as NodeKind;
    const runs = agent(node.config);
    if (runs !== undefined && runs.agent_id === undefined)
      findings.add("agent_not_set", `Choose an agent for "${node.label}" (${node.id}).`, [node.id]);
    for (const { type, id } of references(node.config)) {
      if (type !== "agent") continue;
      const status = facts.agents.get(id)?.status;
      if (status === "active") continue;
      const names = `"${node.label}" (${node.id}) names agent ${id}`;
      if (status === "archived")
        findings.add("agent_archived", `${names}, which is archived. Restore it or choose another.`, [node.id]);
      else if (status === "draft")
        findings.add("agent_draft", `${names}, which is a draft. Activate it or choose another.`, [node.id]);
      // One that is being erased is as good as gone.
      else findings.add("agent_not_found", `${names}, which does not exist. Choose another.`, [node.id]);
    }
  }
}

/** The graph has what its pattern is made of. */
export function pattern(index: KindIndex, facts: GraphFacts, findings: Findings): void {
  const { min_agents, max_agents, needs } = patternDefinition(facts.pattern);
  const kinds = new Set<string>();
  const agents = new Set<string>();
  let count = 0;
  for (let i = 0; i < index.nodes.length; i++) {
    const node = index.nodes[i] as GraphNode;
    kinds.add(node.kind);
    // Who only chooses, or puts together what others have made, does not count.
    if (node.kind === "agent") {
      count++;
      agents.add(node.config.agent_id ?? `${node.id}/0`);
      continue;
    }
    const workers = (index.kinds[i] as NodeKind).workers(node.config);
    count += workers.length;
    for (const [w, { agent_id }] of workers.entries()) agents.add(agent_id ?? `${node.id}/${w}`);
  }
  if (count < min_agents) {
    const message = `The pattern ${facts.pattern} needs at least ${min_agents} agents; there are ${count}. Add agents or choose another pattern.`;
    findings.add("pattern_agents_below_minimum", message);
  }
  // In rounds the same agent has many nodes.
  if (agents.size > max_agents) {
    const message = `The pattern ${facts.pattern} is meant for at most ${max_agents} agents; there are ${agents.size}.`;
    findings.add("pattern_agents_above_maximum", message);
  }
  for (const choice of needs) {
    if (choice.some((kind) => kinds.has(kind))) continue;
    const message = `The pattern ${facts.pattern} needs a node of kind ${choice.join(" or ")}. Add one or choose another pattern.`;
    findings.add("pattern_kind_missing", message);
  }
}
