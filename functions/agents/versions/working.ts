import { contentOf } from "../definition/views.ts";
import type { AgentDeps } from "../deps.ts";
import type { WholeAgent } from "../resources.ts";

/** The agent's working copy as a version would keep it. */
export const workingContent = async ({ blobs }: Pick<AgentDeps, "blobs">, { agent, parts }: WholeAgent) =>
  contentOf(agent, await blobs.load(agent.system_prompt), parts);
