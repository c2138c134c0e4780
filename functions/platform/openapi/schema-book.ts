import { createHash } from "node:crypto";
import * as z from "zod";
import type { Json, JsonObject } from "./json.ts";

type Direction = "input" | "output";

const COMPONENTS = "#/components/schemas/";

/**
 * The schemas of the document. Those that carry an id in their meta become components; one whose input differs from its
 * output (defaults, trimmed or coerced values) has its input form beside it as `<Id>Input`.
 */
export class SchemaBook {
  readonly #components = new Map<string, JsonObject>();

  /** What a client sends. */
  input = (schema: z.ZodType): JsonObject => this.#add(schema, "input");

  /** What a client gets. */
  output = (schema: z.ZodType): JsonObject => this.#add(schema, "output");

  /** All components, sorted by name. */
  components(): JsonObject {
    return Object.fromEntries([...this.#components].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  #add(schema: z.ZodType, direction: Direction): JsonObject {
    const { root, definitions } = convert(schema, direction);
    // What comes out of a transformed input is nobody's concern but ours: "any" will do for the comparison.
    const outputs = direction === "input" ? convert(schema, "output", "any").definitions : definitions;
    const names = new Map<string, string>();
    for (const [name, definition] of Object.entries(definitions)) names.set(name, nameOf(name, definition, outputs));
    // A component that refers to one with an input form of its own is an input form too.
    for (let changed = true; changed; ) {
      changed = false;
      for (const [name, definition] of Object.entries(definitions)) {
        if (names.get(name) !== name) continue;
        const refersToInput = references(definition).some(
          (to) => names.get(to)?.endsWith("Input") && to !== names.get(to),
        );
        if (refersToInput) changed = names.set(name, `${name}Input`) !== undefined;
      }
    }
    for (const [name, definition] of Object.entries(definitions)) {
      this.#define(names.get(name) ?? name, rename(definition, names));
    }
    return rename(root, names);
  }

  #define(name: string, definition: JsonObject): void {
    const known = this.#components.get(name);
    if (known !== undefined && JSON.stringify(known) !== JSON.stringify(definition)) {
      throw new Error(`Two different schemas have the id ${name}; give one of them another id in its meta.`);
    }
    this.#components.set(name, definition);
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
      if (def.type === "object" && !("catchall" in def && def.catchall !== undefined)) {
        delete jsonSchema.additionalProperties;
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
  const plain = JSON.parse(JSON.stringify(converted)) as {
    properties: { value: JsonObject };
    $defs?: Record<string, JsonObject>;
  };
  return { root: plain.properties.value, definitions: plain.$defs ?? {} };
}

/** Zod names recursive schemas without an id by counting; a name from their content stays the same in every document. */
function nameOf(name: string, definition: JsonObject, outputs: Readonly<Record<string, JsonObject>>): string {
  if (name.startsWith("__schema")) {
    const digest = createHash("sha256").update(JSON.stringify(definition)).digest("hex").slice(0, 8);
    return `Recursive_${digest}`;
  }
  return JSON.stringify(outputs[name]) === JSON.stringify(definition) ? name : `${name}Input`;
}

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
