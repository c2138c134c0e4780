import type { Blobs } from "../../../shared/blobs/blobs.ts";
import type { TenantTable } from "../../../shared/dynamo/table.ts";
import { Problem } from "../../../shared/errors.ts";
import { idSchema } from "../../../shared/ids.ts";
import { type AgentSnapshot, agentItem, loadSnapshot } from "../../agents/public.ts";
import { MAX_STEPS } from "../../executions/bounds/public.ts";
import { type CallableModel, resolveModel, worstCostOf } from "../../models/public.ts";
import { agentsOf, type GraphNode } from "../graph/public.ts";
import { answerKey } from "../graph/rules/types/flow.ts";
import type { AnswerBounds } from "./rules/estimate.ts";
import { type Bounded, sum, times, unbounded } from "./rules/spend.ts";

/** Different agents and versions that are looked up for one estimate: more than any active pipeline has. */
const MOST_AGENTS = 200;
/** So many are looked up side by side. */
const AT_ONCE = 20;

const agentId = idSchema("agent");

/** Of which organization, and when. */
export interface Of {
  readonly table: TenantTable;
  readonly blobs: Pick<Blobs, "load">;
  readonly at: Date;
}

/** What one answer of each agent of these nodes comes to at most: of the version that it names, else of the active one. */
export async function answerBounds(of: Of, nodes: readonly GraphNode[]): Promise<AnswerBounds> {
  const wanted = new Map<string, { readonly agent_id: string; readonly version: number | undefined }>();
  for (const node of nodes) {
    for (const { agent_id, version } of agentsOf(node))
      if (agent_id !== undefined) wanted.set(answerKey(agent_id, version), { agent_id, version });
  }
  const bounds = new Map<string, Bounded>();
  const list = [...wanted];
  for (const [key] of list.slice(MOST_AGENTS))
    bounds.set(key, unbounded(`Only ${MOST_AGENTS} different agents are looked up.`));
  for (let from = 0; from < Math.min(list.length, MOST_AGENTS); from += AT_ONCE) {
    const part = list.slice(from, Math.min(from + AT_ONCE, MOST_AGENTS));
    const found = await Promise.all(part.map(([, { agent_id, version }]) => boundOf(of, agent_id, version)));
    for (const [i, [key]] of part.entries()) bounds.set(key, found[i] ?? unbounded("Not looked up."));
  }
  return bounds;
}

async function boundOf(of: Of, agent_id: string, version: number | undefined): Promise<Bounded> {
  const { table, blobs } = of;
  const gone = unbounded(`Agent ${agent_id} is not there, or has no active version.`);
  if (!agentId.safeParse(agent_id).success) return gone;
  const number = version ?? (await table.get(agentItem, { id: agent_id }))?.active_version;
  if (number == null) return gone;
  try {
    const { definition } = await loadSnapshot(table.table, blobs, table.tenant, agent_id, number);
    const { model_id, fallback_model_ids } = definition;
    // A model that fails has been paid for when the next one is asked.
    const models = [...new Set([model_id, ...fallback_model_ids])];
    return sum(await Promise.all(models.map((id) => ofModel(of, id, definition))));
  } catch (error) {
    if (error instanceof Problem && error.code === "not_found") return gone;
    throw error;
  }
}

/**
 * What one model may come to in an answer. It may ask for tools up to the last step, also for ones that there are not, and an answer
 * that is mended is one of these steps.
 */
async function ofModel(
  { table, at }: Of,
  model_id: string,
  definition: Pick<AgentSnapshot["definition"], "max_tokens" | "cache_prompt">,
): Promise<Bounded> {
  const found = await resolveModel(table.table, table.tenant, model_id, at);
  if (found === undefined) return unbounded(`There is no model ${model_id}.`);
  const { window, longest, unknown } = sizesOf(found, definition.max_tokens);
  const priced = found.price !== null;
  const cost =
    window === null || longest === null || !priced
      ? null
      : worstCostOf(found, { tokens_in: window, tokens_out: longest }, definition);
  const reasons = [...unknown, ...(priced ? [] : [`Model ${model_id} has no price.`])];
  return times(
    { model_calls: 1, tokens_in: window, tokens_out: longest, cost_usd_micros: cost, unbounded: reasons },
    MAX_STEPS,
  );
}

/** The most that goes into a call and comes out of it; null where the organization's description of its model does not say. */
function sizesOf({ model, stored, source }: CallableModel, max_tokens: number) {
  const own =
    source === "organization" ? stored?.models.find(({ name }) => `${stored.name}/${name}` === model.id) : undefined;
  const says = (size: number | undefined): boolean => source === "catalogue" || size !== undefined;
  const window = says(own?.context_window_tokens) ? model.context_window_tokens : null;
  const limit = max_tokens > 0 ? Math.min(max_tokens, model.max_output_tokens) : null;
  const longest = limit ?? (says(own?.max_output_tokens) ? model.max_output_tokens : null);
  return {
    window,
    longest,
    unknown: [
      ...(window === null ? [`The description of model ${model.id} does not say its context_window_tokens.`] : []),
      ...(longest === null
        ? [`Neither the agent (max_tokens) nor the description of model ${model.id} says how long an answer may be.`]
        : []),
    ],
  };
}
