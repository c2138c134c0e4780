/** Round trips to the model at most, tool calls in between. */
export const MAX_STEPS = 12;

/** Resources of MCP servers that an execution is given, of all servers together: they are read side by side, and recorded. */
export const MOST_RESOURCES = 40;
/** The same of their text. */
export const RESOURCE_BYTES = 2_000_000;
