/** Whether an agent's contexts are searched: for whoever has to know it without searching. */
export { areSearched } from "../rules/needed.ts";
