/** Where something is meant to run. */
export const environments = ["development", "staging", "production"] as const;
export type Environment = (typeof environments)[number];
