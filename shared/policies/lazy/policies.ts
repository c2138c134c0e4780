export { judgeConfined } from "../confined.ts";
export { judgeAll } from "../requests.ts";
