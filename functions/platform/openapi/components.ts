import type { Json, JsonObject } from "./json.ts";

const PREFIX = "#/components/schemas/";

/**
 * The component schemas of the document, by name. No object and no union stands inside another schema: each becomes a
 * component, named after where it stands (`Agent` with `price` has `AgentPrice`), so that clients have a name for every type and
 * the same one in every language.
 */
export class Components {
  readonly #schemas = new Map<string, JsonObject>();
  /** Names of the places where shapes without an id were found, by the shape. */
  readonly #derived = new Map<string, string>();

  /** Puts a schema under a name and gives the reference to it. @throws when another one has that name */
  define(name: string, schema: JsonObject): JsonObject {
    return this.#put(name, this.#inside(schema, name));
  }

  /** The same schema with everything nested in components. `name`: what stands for this place in their names. */
  place(name: string, schema: JsonObject): JsonObject {
    const { default: standard, description, ...shape } = this.#inside(schema, name);
    const kept: JsonObject = standard === undefined ? {} : { default: standard };
    const told: JsonObject = description === undefined ? {} : { description };
    if (!isNamed(shape)) return { ...shape, ...told, ...kept };
    const text = JSON.stringify(shape);
    const twin = this.#derived.get(text) ?? name;
    if (twin !== name) throw new Error(`${twin} and ${name} are the same: give the schema an id in its meta.`);
    this.#derived.set(text, name);
    return { ...this.#put(name, { ...shape, ...told }), ...kept };
  }

  /** All components, sorted by name. */
  all(): JsonObject {
    const sorted = [...this.#schemas].sort(([a], [b]) => (a < b ? -1 : 1));
    return Object.fromEntries(sorted.map(([name, schema]) => [name, this.#mapped(name, schema)]));
  }

  #put(name: string, schema: JsonObject): JsonObject {
    const known = this.#schemas.get(name);
    if (known !== undefined && JSON.stringify(known) !== JSON.stringify(schema)) {
      throw new Error(`Two different schemas have the id ${name}; give one of them another id in its meta.`);
    }
    this.#schemas.set(name, schema);
    return { $ref: PREFIX + name };
  }

  #inside(schema: JsonObject, name: string): JsonObject {
    const { properties, items, additionalProperties, anyOf, oneOf } = schema;
    const options = (list: Json | undefined) =>
      (list as readonly JsonObject[]).map((option) => this.place(name + variantOf(schema, option), option));
    return {
      ...schema,
      ...(isSchema(properties) ? { properties: this.#properties(properties, name) } : {}),
      ...(isSchema(items) ? { items: this.place(`${name}Item`, items) } : {}),
      ...(isSchema(additionalProperties)
        ? { additionalProperties: this.place(`${name}Value`, additionalProperties) }
        : {}),
      ...(Array.isArray(anyOf) ? { anyOf: options(anyOf) } : {}),
      ...(Array.isArray(oneOf) ? { oneOf: options(oneOf) } : {}),
    };
  }

  #properties(properties: JsonObject, name: string): JsonObject {
    return Object.fromEntries(
      Object.entries(properties).map(([key, schema]) => [key, this.place(name + pascal(key), schema as JsonObject)]),
    );
  }

  /** Says of a union which value of its tag means which component. */
  #mapped(name: string, schema: JsonObject): JsonObject {
    const { discriminator, oneOf } = schema;
    if (!isSchema(discriminator) || !Array.isArray(oneOf)) return schema;
    const tag = String(discriminator.propertyName);
    const mapping = oneOf.flatMap((option: JsonObject) => {
      const variant = this.#schemas.get(String(option.$ref).slice(PREFIX.length));
      const values = ((variant?.properties as JsonObject | undefined)?.[tag] as JsonObject | undefined)?.enum;
      if (!Array.isArray(values)) throw new Error(`${name}: a variant has no values of ${tag}`);
      return values.map((value: Json) => [String(value), option.$ref ?? ""]);
    });
    return { ...schema, discriminator: { propertyName: tag, mapping: Object.fromEntries(mapping) } };
  }
}

/** `agents.create_version` as `AgentsCreateVersion`. */
export const pascal = (text: string): string =>
  text
    .split(/[^A-Za-z0-9]+/)
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join("");

const isSchema = (value: Json | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Objects with fields, unions of them, and closed lists. A value that may be null, or a scalar of several types, needs no name. */
const isNamed = ({ properties, anyOf, oneOf, enum: values }: JsonObject): boolean =>
  properties !== undefined ||
  (Array.isArray(values) && values.length > 1) ||
  [anyOf, oneOf].some(
    (options) => Array.isArray(options) && options.filter((option: JsonObject) => option.$ref !== undefined).length > 1,
  );

/** What tells an option of a union from the others; nothing where it is the only object. */
function variantOf({ discriminator, anyOf, oneOf }: JsonObject, { properties, required }: JsonObject): string {
  if (!isSchema(properties)) return "";
  if (isSchema(discriminator)) {
    const tag = properties[String(discriminator.propertyName)];
    const [value] = (isSchema(tag) && Array.isArray(tag.enum) ? tag.enum : []) as readonly Json[];
    return pascal(String(value));
  }
  const objects = ((anyOf ?? oneOf) as readonly JsonObject[]).filter((option) => option.properties !== undefined);
  return objects.length === 1 ? "" : pascal(String((required as readonly Json[] | undefined)?.[0] ?? ""));
}
