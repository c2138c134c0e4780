/** What other rooms may use of organizations. */
export { found, LARGEST_FOUNDING, slugTaken } from "./founding/found.ts";
