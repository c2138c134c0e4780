/** What other rooms may use to carry pipelines from one organization to another. */
export { requireGraphContents } from "../graph/run.ts";
export { placed } from "../patterns/rules/place.ts";
export { type PipelinesNamed, pipelinesNamed, type ReadPipeline, readPortable } from "./read.ts";
export {
  graphFrom,
  type Named,
  namesIn,
  type PortablePipeline,
  peopleIn,
  portablePipelineSchema,
  type SentPipeline,
  shownPipeline,
  UNKNOWN,
  unsuppliedIn,
} from "./rules/document.ts";
export { createPortable, updatePortable, withStoredSecrets } from "./write.ts";
