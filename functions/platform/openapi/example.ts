import type { Json, JsonObject } from "./json.ts";
import { typical } from "./typical.ts";

const PREFIX = "#/components/schemas/";

/**
 * A value as a schema of the document typically has. Examples, defaults and closed lists of the schemas come first; a text
 * of which they say nothing has what `typical` says of its name. Nothing is left out but what would contain itself.
 * @throws where nobody says what a text looks like
 */
export function exampleOf(schema: JsonObject, schemas: JsonObject): Json {
  return new Example(schemas).of(schema, "", "") ?? null;
}

class Example {
  readonly #schemas: JsonObject;
  /** Names of the components that are being filled. */
  readonly #open: string[] = [];

  constructor(schemas: JsonObject) {
    this.#schemas = schemas;
  }

  /** `owner`: the component in which it stands. Undefined: it would contain itself. */
  of(schema: JsonObject, owner: string, field: string): Json | undefined {
    const said = list(schema.examples)[0] ?? typical[`${owner}.${field}`];
    if (said !== undefined) return said;
    if (typeof schema.$ref === "string") return this.#component(schema.$ref.slice(PREFIX.length));
    if (schema.default !== undefined) return schema.default;
    const [first] = list(schema.enum);
    if (first !== undefined) return first;
    const byName = typical[field];
    if (byName !== undefined && isOf(schema, byName)) return byName;
    const options = [...list(schema.oneOf), ...list(schema.anyOf)] as JsonObject[];
    for (const option of options) {
      const value = option.type === "null" ? undefined : this.of(option, owner, field);
      if (value !== undefined) return value;
    }
    const [type] = [schema.type ?? null].flat();
    switch (type) {
      case "object":
        return this.#object(schema, owner, field);
      case "array":
        return this.#array(schema, owner, field);
      case "integer":
      case "number":
        return Math.max(1, Number(schema.minimum ?? 1));
      case "boolean":
        return true;
      case "string":
        throw new Error(
          `What does ${owner}.${field} look like? Give the schema an example, or its name one in typical.ts.`,
        );
      default:
        return options.length > 0 ? undefined : {};
    }
  }

  #component(name: string): Json | undefined {
    const said = typical[name];
    if (said !== undefined) return said;
    if (this.#open.includes(name)) return undefined;
    this.#open.push(name);
    const value = this.of(this.#schemas[name] as JsonObject, name, "");
    this.#open.pop();
    return value;
  }

  #object({ properties, additionalProperties }: JsonObject, owner: string, field: string): JsonObject {
    const inner = Object.entries((properties ?? {}) as JsonObject).flatMap(([name, schema]): [string, Json][] => {
      const value = this.of(schema as JsonObject, owner, name);
      return value === undefined ? [] : [[name, value]];
    });
    if (inner.length > 0 || typeof additionalProperties !== "object") return Object.fromEntries(inner);
    // Of a map that holds anything nothing is said.
    const value = isFree(additionalProperties)
      ? undefined
      : this.of(additionalProperties as JsonObject, owner, `${field}{}`);
    return value === undefined ? {} : { [String(typical[`${field}{name}`] ?? "name")]: value };
  }

  #array({ items, minItems }: JsonObject, owner: string, field: string): Json[] {
    const item = this.of((items ?? {}) as JsonObject, owner, `${field}[]`);
    return item === undefined ? [] : Array.from({ length: Math.max(1, Number(minItems ?? 1)) }, () => item);
  }
}

const isFree = (schema: Json): boolean => JSON.stringify(schema) === "{}";

const list = (value: Json | undefined): readonly Json[] => (Array.isArray(value) ? value : []);

/** Whether a text, or the null that stands for one, is of the schema's type. */
const isOf = ({ type }: JsonObject, value: Json): boolean =>
  [type ?? ""].flat().includes(value === null ? "null" : typeof value);
