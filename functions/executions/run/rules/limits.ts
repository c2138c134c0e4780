/** Round trips to the model at most, tool calls in between. */
export const MAX_STEPS = 12;
