export { createCase, getCase, listCases, removeCase, updateCase } from "./definition/cases.ts";
export {
  createOfAgent,
  createOfPipeline,
  get,
  listOfAgent,
  listOfPipeline,
  remove,
  update,
} from "./definition/handlers.ts";
export {
  cancel,
  getRun,
  junit,
  listResults,
  listRuns,
  passRatesOfAgent,
  passRatesOfPipeline,
  report,
} from "./reporting/handlers.ts";
export { start } from "./running/starting.ts";
