/** What of MCP servers' offers is known without an agent. */
export { offerLimits } from "./rules/limits.ts";
