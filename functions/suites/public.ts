/** What other rooms may use of test cases. */
export { readCase } from "./store.ts";
