import { pipelineOperations } from "./definition/operations.ts";
import { graphOperations } from "./graph/operations.ts";

export const operations = { ...pipelineOperations, ...graphOperations } as const;
