/** One function per operation of the protocol. */
export * from "../bulk/handlers.ts";
export * from "../discovery/handlers.ts";
export * from "../groups/handlers.ts";
export * from "../search/handlers.ts";
export * from "../users/handlers.ts";
