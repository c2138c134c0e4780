import { pipelineOperations } from "./definition/operations.ts";
import { drawingOperations } from "./drawing/operations.ts";
import { estimateOperations } from "./estimate/operations.ts";
import { graphOperations } from "./graph/operations.ts";
import { layoutOperations } from "./layout/operations.ts";

export const operations = {
  ...pipelineOperations,
  ...graphOperations,
  ...layoutOperations,
  ...drawingOperations,
  ...estimateOperations,
} as const;
