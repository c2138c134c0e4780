/** Limits of what MCP servers offer beside tools. */
export const offerLimits = {
  resources: 20,
  uri: 2_000,
  prompts: 50,
  prompt_name: 128,
  prompt_arguments: 30,
  prompt_argument: 10_000,
  prompt_messages: 50,
  prompt_characters: 100_000,
} as const;
