export {
  createContext,
  getContext,
  listContexts,
  refreshContext,
  removeContext,
  updateContext,
} from "./contexts/handlers.ts";
export { completeContext, uploadContext } from "./contexts/uploads/handlers.ts";
export { duplicate } from "./copies/handlers.ts";
export { create, get, list, listUses, remove, update } from "./definition/handlers.ts";
export { activate, archive, deactivate, executeStatus, restore } from "./lifecycle/handlers.ts";
export { getRetrieval, indexContexts } from "./retrieval/handlers.ts";
export { createThread, getThread, listThreads, listTurns, removeThread } from "./threads/handlers.ts";
export { acceptTool, createTool, getTool, listTools, removeTool, updateTool } from "./tools/handlers.ts";
export { createVersion, diffVersion, getVersion, listVersions, rollBack } from "./versions/handlers.ts";
