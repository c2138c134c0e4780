/** What other rooms may use of organizations. */
export { found, LARGEST_FOUNDING, slugTaken } from "./founding/found.ts";
export { deletion, type OrganizationMove, restoration, suspension } from "./standing/moves.ts";
