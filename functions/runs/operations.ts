import { apiOperations } from "./control/operations.ts";
import { streamOperations } from "./log/operations.ts";
import { readOperations } from "./reading/operations.ts";

export { apiOperations, readOperations, streamOperations };

/** What this room's functions answer: its changes, its reads, its streams. Each function loads its own only. */
export const operations = { ...readOperations, ...apiOperations, ...streamOperations } as const;
