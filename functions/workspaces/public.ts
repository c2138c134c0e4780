/** What other rooms may use of workspaces. */
export { workspaceEvents } from "./events.ts";
export { type Workspace, workspaceItem, workspaceMemberItem } from "./store.ts";
