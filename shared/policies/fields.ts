import { isObject } from "../expressions/json.ts";
import { namesOfType, type PolicySubject } from "./attributes.ts";

/** The fields of a thing that policies know, and no others; of whoever did something to it, the id. */
export function fieldsOf(resource_type: string, thing: unknown): PolicySubject {
  if (!isObject(thing)) return {};
  return Object.fromEntries(
    namesOfType(resource_type).flatMap((name) => {
      const value = Object.hasOwn(thing, name) ? thing[name] : undefined;
      return value === undefined ? [] : [[name, isObject(value) ? value.id : value]];
    }),
  );
}
