export { judgeAll } from "../requests.ts";
