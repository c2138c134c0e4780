import { agentOperations } from "./operations-agent.ts";
import { contextOperations } from "./operations-contexts.ts";
import { executeOperations, streamOperations } from "./operations-execute.ts";
import { toolOperations } from "./operations-tools.ts";
import { versionOperations } from "./operations-versions.ts";

/** What the room's function behind the API serves; executions have functions of their own. */
export const apiOperations = {
  ...agentOperations,
  ...versionOperations,
  ...contextOperations,
  ...toolOperations,
} as const;

export const operations = { ...apiOperations, ...executeOperations, ...streamOperations } as const;
