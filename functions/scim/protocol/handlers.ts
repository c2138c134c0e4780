/** One function per operation of the protocol. */
export * from "../discovery/handlers.ts";
