export { create, get, list, listUses, remove, update } from "./handlers-agent.ts";
export {
  createContext,
  getContext,
  listContexts,
  refreshContext,
  removeContext,
  updateContext,
} from "./handlers-contexts.ts";
export { duplicate } from "./handlers-duplicate.ts";
export { activate, archive, deactivate, executeStatus, restore } from "./handlers-lifecycle.ts";
export { createTool, getTool, listTools, removeTool, updateTool } from "./handlers-tools.ts";
export { completeContext, uploadContext } from "./handlers-uploads.ts";
export { createVersion, diffVersion, getVersion, listVersions, rollBack } from "./handlers-versions.ts";
