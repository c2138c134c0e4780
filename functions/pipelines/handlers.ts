export { activate, deactivate, validate } from "./activation.ts";
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
} from "./handlers-graph.ts";
export {
  archive,
  create,
  duplicate,
  get,
  getRevision,
  list,
  listPatterns,
  listRevisions,
  restore,
  update,
} from "./handlers-pipeline.ts";
export { createGraphUpload, replaceGraph } from "./replace.ts";
