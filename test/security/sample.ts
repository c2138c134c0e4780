import * as z from "zod";
import type { OperationShape } from "../../shared/http/operation.ts";

type JsonSchema = z.core.JSONSchema.BaseSchema & { readonly example?: unknown };

type Definitions = Readonly<Record<string, JsonSchema>>;

/** A small value that fits a JSON Schema, as far as its form tells; examples win. `defs`: what it may refer to. */
function sampleOf(schema: JsonSchema, defs: Definitions): unknown {
  if (schema.example !== undefined) return schema.example;
  if (schema.default !== undefined) return schema.default;
  if (schema.const !== undefined) return schema.const;
  if (schema.enum !== undefined) return schema.enum[0];
  const named = /^#\/\$defs\/(.+)$/.exec(schema.$ref ?? "")?.[1];
  if (named !== undefined) return sampleOf(defs[named] ?? {}, defs);
  const options = schema.anyOf ?? schema.oneOf;
  if (options?.[0] !== undefined) return sampleOf(options[0] as JsonSchema, defs);
  switch (schema.type) {
    case "object":
      return objectOf(schema, schema.required ?? [], defs);
    case "array":
      return Array.from({ length: schema.minItems ?? 0 }, () => sampleOf((schema.items ?? {}) as JsonSchema, defs));
    case "integer":
    case "number":
      return schema.minimum ?? 1;
    case "boolean":
      return true;
    case "null":
      return null;
    case "string":
      return stringOf(schema);
    default:
      return {};
  }
}

function stringOf(schema: JsonSchema): string {
  if (schema.format === "date-time") return "2099-01-01T00:00:00.000Z";
  if (schema.format === "email") return "ada@example.com";
  if (schema.format === "uri") return "https://example.com/";
  return "x".repeat(Math.max(1, schema.minLength ?? 1));
}

const objectOf = (schema: JsonSchema, names: readonly string[], defs: Definitions): Record<string, unknown> =>
  Object.fromEntries(names.map((name) => [name, sampleOf((schema.properties?.[name] ?? {}) as JsonSchema, defs)]));

/**
 * A body that the operation's schema accepts: its required fields, and one optional one where it wants any. Undefined
 * when the schema asks for more than its form says; such an operation has a body in `fixtures.ts`.
 */
export function sampleBody(operation: OperationShape): unknown {
  const { body } = operation.request;
  if (body === undefined) return undefined;
  const schema = z.toJSONSchema(body, { io: "input", unrepresentable: "any" }) as JsonSchema;
  const defs = (schema.$defs ?? {}) as Definitions;
  const smallest = sampleOf(schema, defs);
  if (body.safeParse(smallest).success) return smallest;
  for (const name of Object.keys(schema.properties ?? {})) {
    const candidate = objectOf(schema, [...(schema.required ?? []), name], defs);
    if (body.safeParse(candidate).success) return candidate;
  }
  return undefined;
}
