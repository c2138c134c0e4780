import { contextOperations } from "./contexts/operations.ts";
import { agentOperations } from "./definition/operations.ts";
import { retrievalOperations } from "./retrieval/operations.ts";
import { threadOperations } from "./threads/operations.ts";
import { toolOperations } from "./tools/operations.ts";
import { versionOperations } from "./versions/operations.ts";

export const operations = {
  ...agentOperations,
  ...versionOperations,
  ...contextOperations,
  ...retrievalOperations,
  ...toolOperations,
  ...threadOperations,
} as const;
