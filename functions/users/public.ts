/** What other rooms may use of users. */
export { type Joining, joined, joinWrites } from "./joining/join.ts";
export { requireReach } from "./standing/reach.ts";
export { departure, type Removal, removalItem } from "./store.ts";
