export { exportAgent, exportMany, exportPipeline } from "./export/handlers.ts";
export { importDocument } from "./import/handlers.ts";
export { getTemplate, listTemplates, useTemplate } from "./templates/handlers.ts";
