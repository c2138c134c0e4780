import * as z from "zod";
import { Components } from "./components.ts";
import type { Json, JsonObject } from "./json.ts";
import { tidy } from "./tidy.ts";

type Direction = "input" | "output";

const COMPONENTS = "#/components/schemas/";

/**
 * The schemas of the document. Those that carry an id in their meta become components; one whose input differs from its
 * output (defaults, trimmed or coerced values) has its input form beside it as `<Id>Input`.
 */
export class SchemaBook {
  readonly #components = new Components();

  /** What a client sends. A schema without an id gets the name. */
  input = (schema: z.ZodType, name: string): JsonObject => this.#add(schema, "input", name);

  /** What a client gets. A schema without an id gets the name. */
  output = (schema: z.ZodType, name: string): JsonObject => this.#add(schema, "output", name);

  /** All components, sorted by name. */
  components = (): JsonObject => this.#components.all();

  #add(schema: z.ZodType, direction: Direction, name: string): JsonObject {
    const { root, definitions } = convert(schema, direction);
    // What comes out of a transformed input is nobody's concern but ours: "any" will do for the comparison.
    const outputs = direction === "input" ? convert(schema, "output", "any").definitions : definitions;
    const names = new Map<string, string>();
    for (const [id, definition] of Object.entries(definitions)) {
      if (id.startsWith("__")) throw new Error(`${name}: give each schema of a recursive one an id in its meta.`);
      names.set(id, JSON.stringify(outputs[id]) === JSON.stringify(definition) ? id : `${id}Input`);
    }
    // A component that refers to one with an input form of its own is an input form too.
    for (let changed = true; changed; ) {
      changed = false;
      for (const [id, definition] of Object.entries(definitions)) {
        if (names.get(id) !== id) continue;
        const refersToInput = references(definition).some((to) => names.get(to) === `${to}Input`);
        if (refersToInput) changed = names.set(id, `${id}Input`) !== undefined;
      }
    }
    for (const [id, definition] of Object.entries(definitions)) {
      this.#components.define(names.get(id) ?? id, rename(definition, names));
    }
    const renamed = rename(root, names);
    const named = renamed.properties !== undefined || renamed.oneOf !== undefined || renamed.anyOf !== undefined;
    return named ? this.#components.define(name, renamed) : this.#components.place(name, renamed);
  }
}

/** The schema inside a wrapper, so that one with an id is a reference wherever it stands. */
function convert(
  schema: z.ZodType,
  io: Direction,
  unrepresentable: "throw" | "any" = "throw",
): { root: JsonObject; definitions: Record<string, JsonObject> } {
  const converted = z.toJSONSchema(z.object({ value: schema }), {
    target: "draft-2020-12",
    io,
    unrepresentable,
    override({ zodSchema, jsonSchema }) {
      // Answers may gain fields; only what is strict by declaration refuses others.
      const { def } = zodSchema._zod;
      if (def.type === "object" && !isStrict(def)) {
        delete jsonSchema.additionalProperties;
      }
      if (def.type === "union" && "discriminator" in def) {
        jsonSchema.discriminator = { propertyName: def.discriminator };
      }
      // Said of every integer and of every loose object, and telling a reader nothing.
      if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
      if (jsonSchema.example !== undefined) {
        jsonSchema.examples = [jsonSchema.example];
        delete jsonSchema.example;
      }
    },
  });
  const plain = tidy(JSON.parse(JSON.stringify(converted))) as {
    properties: { value: JsonObject };
    $defs?: Record<string, JsonObject>;
  };
  return { root: plain.properties.value, definitions: plain.$defs ?? {} };
}

/** Whether an object refuses fields that it does not name. */
const isStrict = (def: object): boolean =>
  "catchall" in def && def.catchall instanceof z.ZodType && def.catchall._zod.def.type === "never";

const DEFINITION = /^#\/\$defs\/(.+)$/;

function references(value: Json): string[] {
  if (Array.isArray(value)) return value.flatMap(references);
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    const name = key === "$ref" && typeof inner === "string" ? DEFINITION.exec(inner)?.[1] : undefined;
    return name === undefined ? references(inner) : [name];
  });
}

function rename<T extends Json>(value: T, names: ReadonlyMap<string, string>): T {
  if (Array.isArray(value)) return value.map((inner: Json) => rename(inner, names)) as Json as T;
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]: [string, Json]) => {
      const name = key === "$ref" && typeof inner === "string" ? DEFINITION.exec(inner)?.[1] : undefined;
      return [key, name === undefined ? rename(inner, names) : COMPONENTS + (names.get(name) ?? name)];
    }),
  ) as Json as T;
}
