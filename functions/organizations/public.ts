/** What other rooms may use of organizations. */
export { findOrganizations } from "./finding/find.ts";
export { found, LARGEST_FOUNDING, slugTaken } from "./founding/found.ts";
export { deletion, limitsMove, type OrganizationMove, planChange, restoration, suspension } from "./standing/moves.ts";
export { organizationResource, replaceOrganization } from "./store.ts";
