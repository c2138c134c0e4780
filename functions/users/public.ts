/** What other rooms may use of users. */
export { type Joining, join, joined, joinWrites } from "./joining/join.ts";
export { type Parting, part } from "./leaving/part.ts";
export { beyond, isActiveOwner } from "./model.ts";
export { handOver } from "./standing/hand-over.ts";
export { moveStanding } from "./standing/move.ts";
export {
  MOST_GIVEN,
  mayTake,
  reachOf,
  requireGivable,
  requireGivenByRule,
  requireReach,
  requireWithin,
} from "./standing/reach.ts";
export { departure, memberResource, type Removal, removalItem, replaceMembership } from "./store.ts";
