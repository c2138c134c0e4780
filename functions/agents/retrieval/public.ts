/** What runs agents uses of the search through their contexts; apart, for nobody else needs it. */
export { areSearched } from "./rules/needed.ts";
export { type Found, type Passage, type SearchDeps, searchContexts } from "./search.ts";
