export { laterInvoker } from "./later.ts";
