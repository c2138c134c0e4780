/** JSON as this document is built of; keys keep the order in which they were put. */
export type Json = string | number | boolean | null | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json;
}

/** An entry of an object, or nothing: `...maybe(x !== undefined, { x })`. */
export const maybe = (condition: boolean, entries: JsonObject): JsonObject => (condition ? entries : {});
