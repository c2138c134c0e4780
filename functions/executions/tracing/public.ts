/** What other rooms may use of how executions are traced. */
export { executionSpan } from "./span.ts";
