export { activate, deactivate, validate } from "./activation/handlers.ts";
export {
  archive,
  create,
  duplicate,
  get,
  getRevision,
  list,
  listNodeKinds,
  listPatterns,
  listRevisions,
  restore,
  update,
} from "./definition/handlers.ts";
export { drawMermaid, drawSvg } from "./drawing/handlers.ts";
export { estimate, estimateNodes } from "./estimate/handlers.ts";
export {
  createConnection,
  createNode,
  deleteConnection,
  deleteNode,
  getConnection,
  getNode,
  listConnections,
  listNodes,
  updateConnection,
  updateNode,
} from "./graph/handlers.ts";
export { createGraphUpload, replaceGraph } from "./graph/whole/handlers.ts";
export { getLayout, moveNodes, replaceLayout } from "./layout/handlers.ts";
export { createFromPattern } from "./patterns/handlers.ts";
