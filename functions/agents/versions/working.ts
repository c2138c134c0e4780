import { contentOf } from "../definition/views.ts";
import type { AgentDeps } from "../deps.ts";
import { partsOf, type StoredAgent } from "../store.ts";

/** The agent's working copy as a version would keep it. */
export async function workingContent(deps: Pick<AgentDeps, "table" | "blobs">, tenant: string, agent: StoredAgent) {
  const [prompt, parts] = await Promise.all([
    deps.blobs.load(agent.system_prompt),
    partsOf(deps.table.of(tenant), agent.id),
  ]);
  return contentOf(agent, prompt, parts);
}
