/** What other rooms may use of users. */
export { type Joining, joined, joinWrites } from "./joining/join.ts";
export { isActiveOwner } from "./model.ts";
export { handOver } from "./standing/hand-over.ts";
export { requireReach } from "./standing/reach.ts";
export { departure, memberResource, type Removal, removalItem, replaceMembership } from "./store.ts";
