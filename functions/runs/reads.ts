import { comparisonOperations } from "./comparison/operations.ts";
import { readingOperations } from "./reading/operations.ts";
import { searchOperations } from "./search/operations.ts";
import { timelineOperations } from "./timeline/operations.ts";

/** What the room's `reads` function answers: it can start and end nothing. */
export const readOperations = {
  ...searchOperations,
  ...readingOperations,
  ...timelineOperations,
  ...comparisonOperations,
} as const;
