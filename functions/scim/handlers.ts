/** What administrators do: one function per operation. */
export * from "./settings/handlers.ts";
export * from "./tokens/handlers.ts";
