/** By which rules an agent's definition names its models, for what is put together outside of it. */
export { fallbacksFor, modelFor, requireGuarded } from "./catalogue.ts";
