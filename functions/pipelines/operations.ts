import { graphOperations } from "./operations-graph.ts";
import { pipelineOperations } from "./operations-pipeline.ts";

export const operations = { ...pipelineOperations, ...graphOperations } as const;
