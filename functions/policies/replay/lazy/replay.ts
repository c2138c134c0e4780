export { replay } from "../run.ts";
