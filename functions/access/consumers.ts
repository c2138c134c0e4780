export { deleteRole } from "./deleting/delete.ts";
