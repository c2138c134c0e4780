export { exportAgent, exportMany, exportPipeline } from "./export/handlers.ts";
export { importDocument } from "./import/handlers.ts";
