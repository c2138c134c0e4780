/** What other rooms may use of workspaces. */
export { workspaceEvents } from "./events.ts";
export { type LinkChange, MOST_WORKSPACES, workspaceCheck, workspaceLinks } from "./links/links.ts";
export { giveUpSeat, seatsOf } from "./members/departure.ts";
export { enterPromised as enterPromisedWorkspaces, requireAssignable } from "./members/invited.ts";
export {
  newMember,
  type Workspace,
  workspaceItem,
  workspaceResource,
  workspaceResourceItem,
  workspaceWrites,
} from "./store.ts";
