import { apiOperations } from "./api.ts";
import { streamOperations } from "./reading/operations.ts";
import { readOperations } from "./reads.ts";

export { apiOperations, readOperations, streamOperations };

/** What this room's functions answer: its changes, its reads, its streams. Each function loads its own only. */
export const operations = { ...readOperations, ...apiOperations, ...streamOperations } as const;
