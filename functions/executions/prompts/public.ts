/** How a prompt of an MCP server is named, for who takes inputs of runs: without all that executes. */
export { promptIn } from "../run/rules/choice.ts";
