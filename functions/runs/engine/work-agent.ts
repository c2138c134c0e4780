import { Problem } from "../../../shared/errors.ts";
import { isObject, type Json } from "../../../shared/expressions/json.ts";
import { asText } from "../../../shared/expressions/template.ts";
import { promptIn } from "../../executions/prompts/public.ts";
import type { PromptChoice } from "../../executions/public.ts";
import type { GraphNode } from "../../pipelines/graph/public.ts";
import { type AgentAnswer, type AgentTask, callAgent } from "./call-agent.ts";
import type { AttemptResult } from "./rules/outcome.ts";
import { tooFew } from "./rules/tally.ts";
import { prepareTask } from "./rules/task.ts";
import type { WorkDeps } from "./work-deps.ts";

type AgentNode = Extract<GraphNode, { kind: "agent" }>;
type JoinNode = Extract<GraphNode, { kind: "merge" | "synthesizer" }>;

/** What an agent emits: {text, object?}. */
function emitted(answer: AgentAnswer): AttemptResult {
  if (!answer.ok) return answer;
  const object = answer.object === undefined ? {} : { object: answer.object as Json };
  return { ok: true, output: { text: answer.content, ...object } };
}

/** Runs the agent on the node's input. */
export async function workAgent(task: AgentTask<AgentNode>, deps: WorkDeps): Promise<AttemptResult> {
  const prepared = await prepareTask(task.step, task.scope);
  if (!prepared.ok) return { ...prepared, retryable: false };
  const { system_prompt_override, temperature } = task.step.config;
  const input = prepared.task.kind === "agent" ? prepared.task.input : null;
  // Prompts are for people to choose: what steps of a pipeline hand on chooses none.
  const named = task.run.kind === "agent" ? promptOf(input) : undefined;
  if (named?.ok === false) return named;
  const prompt = named?.choice;
  const message = prompt !== undefined && !saysMessage(input) ? "" : messageOf(input);
  const call = { input: message, prompt, variables: variablesOf(input), system_prompt_override, temperature };
  return emitted(await callAgent(task, deps, call));
}

const TOGETHER =
  "The message holds what several steps have answered, each under a heading with the step's name. Make one answer of all of it.";

/** Strategy summarize: the agent gets all inputs, each under the id of its node, in the order of the connections. */
export async function workSummary(task: AgentTask<JoinNode>, deps: WorkDeps): Promise<AttemptResult> {
  const { quorum = 1 } = task.step.config;
  if (task.inputs.length < quorum) return tooFew(quorum, task.inputs.length);
  const input = task.inputs.map(({ node_id, value }) => `## ${node_id}\n\n${asText(value)}`).join("\n\n");
  return emitted(await callAgent(task, deps, { input, instructions: TOGETHER }));
}

/** The message for the agent: a text as it is, `message` or `query` of an object, else the value as JSON. */
export function messageOf(input: Json): string {
  if (!isObject(input)) return asText(input);
  if (typeof input.message === "string") return input.message;
  return typeof input.query === "string" ? input.query : asText(input as Json);
}

const saysMessage = (input: Json): boolean =>
  isObject(input) && (typeof input.message === "string" || typeof input.query === "string");

type Failed = Extract<AttemptResult, { ok: false }>;

/** The prompt that the input names. Starts refuse one that is named wrongly; runs that began before they did fail for it. */
function promptOf(input: Json): { readonly ok: true; readonly choice: PromptChoice | undefined } | Failed {
  try {
    return { ok: true, choice: promptIn(input) };
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return { ok: false, error: { code: "prompt_unavailable", message: error.detail }, retryable: false };
  }
}

/** Values for the placeholders of the agent's prompt: the texts of `variables` in the input. */
export function variablesOf(input: Json): Record<string, string> {
  const variables = isObject(input) && isObject(input.variables) ? Object.entries(input.variables) : [];
  return Object.fromEntries(variables.flatMap(([name, value]) => (typeof value === "string" ? [[name, value]] : [])));
}
