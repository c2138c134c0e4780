export { format, Validator } from "@cfworker/json-schema";
