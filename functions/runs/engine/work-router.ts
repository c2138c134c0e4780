import * as z from "zod";
import { addSeconds, timestamp } from "../../../shared/clock.ts";
import { cutText } from "../../../shared/text.ts";
import { confidenceNeeded, type GraphNode } from "../../pipelines/graph/public.ts";
import { nodeTurnItem, TURNS_KEPT_SECONDS } from "../store.ts";
import { type AgentTask, callAgent } from "./call-agent.ts";
import { goOn, inTurn } from "./rules/choice.ts";
import type { AttemptResult } from "./rules/outcome.ts";
import { messageOf, variablesOf } from "./work-agent.ts";
import type { WorkDeps } from "./work-deps.ts";

type Router = Extract<GraphNode, { kind: "router" }>;
type RouterTask = AgentTask<Router>;

const noBranch = (message: string): AttemptResult => ({
  ok: false,
  error: { code: "no_branch", message },
  retryable: false,
});

/** Chooses a route where more than the graph's values decide: an agent, or whose turn it is. */
export const workRouter = (task: RouterTask, deps: WorkDeps): Promise<AttemptResult> =>
  task.step.config.strategy === "semantic" ? byMeaning(task, deps) : byTurn(task, deps);

const said = z.object({ handle: z.string(), confidence: z.number(), reason: z.string() });

/** What stands in the record of what an agent gives as its reason. */
const REASON_CHARACTERS = 500;

/**
 * The agent chooses one of the handles and says how sure it is. Less than is needed, or an answer that is no choice, is a
 * doubt: the default. What its model cannot do (no answer, no tokens left) is a failure under the node's policy.
 */
async function byMeaning(task: RouterTask, deps: WorkDeps): Promise<AttemptResult> {
  const { config } = task.step;
  const handles = config.branches.map(({ handle }) => handle);
  const routes = config.branches.map(({ handle, description = "" }) => `- ${handle}: ${description}`);
  const answer = await callAgent(task, deps, {
    input: messageOf(task.scope.input),
    variables: variablesOf(task.scope.input),
    instructions: `Choose the one route that fits the message best; do not answer the message itself. Say its handle, how sure you are (confidence, from 0 to 1) and a short reason.\n\nRoutes:\n${routes.join("\n")}`,
    response_schema: {
      type: "object",
      properties: {
        handle: { type: "string", enum: handles },
        confidence: { type: "number" },
        reason: { type: "string" },
      },
      required: ["handle", "confidence", "reason"],
      additionalProperties: false,
    },
  });
  if (!answer.ok && answer.error.code !== "response_schema_mismatch") return answer;
  const choice = said.safeParse(answer.ok ? answer.object : undefined).data;
  const known = choice !== undefined && handles.includes(choice.handle);
  const confidence = known && choice.confidence >= 0 && choice.confidence <= 1 ? choice.confidence : 0;
  const handle = known && confidence >= confidenceNeeded(config) ? choice.handle : config.default;
  if (handle === undefined) return noBranch("the agent is in doubt and there is no default");
  const reason = known ? cutText(choice.reason, REASON_CHARACTERS) : "The agent's answer is no choice.";
  return route(task, handle, { strategy: "semantic", confidence, reason });
}

/**
 * The next branch in turn, over all runs of the pipeline. One write that nobody waits for: as many runs as there are at once.
 * A worker that dies between its turn and its commit has used one up; the run goes by the next one.
 */
async function byTurn(task: RouterTask, { clock }: WorkDeps): Promise<AttemptResult> {
  const { pipeline_id } = task.run.pinned;
  if (pipeline_id === null) throw new Error("only pipelines have routers");
  const key = { pipeline_id, node_id: task.step.id };
  const expires_at = timestamp(addSeconds(clock.now(), TURNS_KEPT_SECONDS));
  const next = { set: { ...key, expires_at }, add: { turn: 1 } };
  const { turn } = await task.table.apply(nodeTurnItem, task.table.writes.update(nodeTurnItem, key, next, {}));
  const handle = inTurn(task.step.config.branches, turn);
  return handle === undefined ? noBranch("there is no branch") : route(task, handle, { strategy: "round_robin", turn });
}

const route = ({ walk, node, scope }: RouterTask, handle: string, choice: Parameters<typeof goOn>[2]["choice"]) =>
  goOn(walk.plan, node.outgoing, { handle, scope, ...(choice === undefined ? {} : { choice }) });
