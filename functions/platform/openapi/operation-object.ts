import type * as z from "zod";
import { type OperationShape, takesIdempotencyKey } from "../../../shared/http/operation.ts";
import { type JsonObject, maybe } from "./json.ts";
import { headerReferences } from "./parts.ts";
import type { ProblemBook } from "./problems.ts";
import type { SchemaBook } from "./schema-book.ts";

interface Books {
  readonly schemas: SchemaBook;
  readonly problems: ProblemBook;
  /** Full paths of resources whose writes can lose a race: reading them gives the ETag. */
  readonly guarded: ReadonlySet<string>;
}

/** One operation as OpenAPI describes it. `path` is the path from the origin on. */
export function operationObject(room: string, path: string, operation: OperationShape, books: Books): JsonObject {
  const { request, permission } = operation;
  return {
    operationId: operation.id,
    tags: [room],
    summary: operation.summary,
    description: describe(operation),
    security: permission === "public" ? [] : [{ bearer: [] }],
    ...maybe(permission !== "public" && permission !== "authenticated", { "x-permission": permission }),
    parameters: parameters(operation, books.schemas),
    ...maybe(request.body !== undefined, requestBody(operation, books.schemas)),
    responses: {
      [String(operation.success)]: success(path, operation, books),
      ...maybe(operation.response === "events" && operation.method === "GET", {
        204: { description: "It has ended, and nothing is left to tell: do not come again." },
      }),
      ...books.problems.of(operation),
    },
  };
}

function describe({ description, permission, response }: OperationShape): string {
  const who =
    permission === "public"
      ? "Needs no sign-in."
      : permission === "authenticated"
        ? "Everybody who is signed in may call this."
        : `Needs the permission \`${permission}\`.`;
  const streams = response === "events" ? "Answers as server-sent events." : undefined;
  return [description, streams, who].filter((text) => text !== undefined).join("\n\n");
}

function parameters(operation: OperationShape, schemas: SchemaBook): JsonObject[] {
  const { request, permission, errors } = operation;
  const shared: string[] = [];
  if (permission !== "public") shared.push("Organization-Id");
  if (takesIdempotencyKey(operation)) shared.push("Idempotency-Key");
  if (errors.includes("precondition_failed")) shared.push("If-Match");
  return [
    ...fields("path", request.path, schemas),
    ...fields("query", request.query, schemas),
    ...shared.map((name) => ({ $ref: `#/components/parameters/${name}` })),
  ];
}

/** The fields of a path or query schema as parameters, each with its own schema. */
function fields(place: "path" | "query", schema: z.ZodObject | undefined, schemas: SchemaBook): JsonObject[] {
  if (schema === undefined) return [];
  const object = schemas.input(schema);
  const required = Array.isArray(object.required) ? object.required : [];
  return Object.entries((object.properties ?? {}) as Readonly<Record<string, JsonObject>>).map(([name, property]) => {
    const { description, ...rest } = property;
    return {
      name,
      in: place,
      required: place === "path" || required.includes(name),
      ...maybe(description !== undefined, { description: description ?? "" }),
      schema: rest,
    };
  });
}

function requestBody({ request: { body }, method }: OperationShape, schemas: SchemaBook): JsonObject {
  if (body === undefined) return {};
  // A POST without a body is read as an empty object.
  const required = method !== "POST" || !body.safeParse({}).success;
  return { requestBody: { required, content: { "application/json": { schema: schemas.input(body) } } } };
}

function success(path: string, operation: OperationShape, { schemas, guarded }: Books): JsonObject {
  const { response, success: status } = operation;
  const created = (status === 201 || status === 202) && typeof response !== "string";
  const names = ["X-Request-Id", "RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"];
  if (created) names.push("Location");
  if (typeof response !== "string" && operation.method !== "DELETE" && guarded.has(path)) names.push("ETag");
  const headers = headerReferences(names);
  if (response === "none") return { description: "Done; there is no body.", headers };
  if (response === "file")
    return {
      description: "The file.",
      headers,
      content: { [operation.media_type ?? "application/octet-stream"]: { schema: { type: "string" } } },
    };
  if (response === "events")
    return {
      description: "Server-sent events, as they happen.",
      headers,
      content: { "text/event-stream": { schema: { type: "string" } } },
    };
  const description = created ? (status === 201 ? "Created." : "Accepted; it goes on behind the API.") : "Done.";
  return { description, headers, content: { "application/json": { schema: schemas.output(response) } } };
}
