import type * as z from "zod";
import type { EventDefinitions } from "../../../shared/change/events.ts";
import { type OperationShape, takesIdempotencyKey, withoutPermission } from "../../../shared/http/operation.ts";
import { inCode } from "../../../shared/text.ts";
import { eventCallback } from "./callback.ts";
import { pascal } from "./components.ts";
import { type JsonObject, maybe } from "./json.ts";
import { headerReferences, rateHeaderNames } from "./parts.ts";
import type { ProblemBook } from "./problems.ts";
import type { SchemaBook } from "./schema-book.ts";

interface Books {
  readonly schemas: SchemaBook;
  readonly problems: ProblemBook;
  /** Full paths of resources whose writes can lose a race: reading them gives the ETag. */
  readonly guarded: ReadonlySet<string>;
  readonly events: Readonly<Record<string, EventDefinitions>>;
}

/** One operation as OpenAPI describes it. `path` is the path from the origin on. */
export function operationObject(room: string, path: string, operation: OperationShape, books: Books): JsonObject {
  const { request, permission } = operation;
  return {
    operationId: operation.id,
    tags: [room],
    summary: operation.summary,
    description: describe(operation),
    security: permission === "public" ? [] : [{ bearer: [] }, ...maybeKey(operation)],
    ...maybe(!(withoutPermission as readonly string[]).includes(permission), {
      "x-permission": permission,
    }),
    ...maybe(operation.or.length > 0, { "x-permission-or": [...operation.or] }),
    "x-rate-class": operation.rate_class,
    ...maybe(operation.step_up !== undefined, { "x-step-up-minutes": operation.step_up ?? 0 }),
    parameters: parameters(operation, books.schemas),
    ...maybe(request.body !== undefined, requestBody(operation, books.schemas)),
    responses: {
      [String(operation.success)]: success(path, operation, books),
      ...maybe(operation.unfinished !== undefined, { 202: success(path, { ...operation, success: 202 }, books) }),
      ...maybe(operation.response === "events" && operation.method === "GET", {
        204: { description: "It has ended, and nothing is left to tell: do not come again." },
      }),
      ...books.problems.of(operation),
    },
    ...(operation.events_to === undefined ? {} : eventCallback(operation.events_to, books.events, books.schemas)),
  };
}

/** What an API key does too. */
const maybeKey = ({ permission, step_up }: OperationShape): JsonObject[] =>
  (withoutPermission as readonly string[]).includes(permission) || step_up !== undefined ? [] : [{ apiKey: [] }];

function describe({ description, permission, or, response, step_up }: OperationShape): string {
  const who =
    permission === "public"
      ? "Needs no sign-in."
      : permission === "authenticated"
        ? "Everybody who is signed in may call this."
        : permission === "operator"
          ? "For operators of the platform."
          : permission === "directory"
            ? "For a company's directory, by a SCIM token."
            : `Needs the permission ${inCode([permission, ...or], "disjunction")}.`;
  const streams = response === "events" ? "Answers as server-sent events." : undefined;
  const proof =
    step_up === undefined ? undefined : `Needs a factor proved within ${step_up} minutes (\`POST /auth/step-up\`).`;
  return [description, streams, who, proof].filter((text) => text !== undefined).join("\n\n");
}

function parameters(operation: OperationShape, schemas: SchemaBook): JsonObject[] {
  const { request, permission, errors, continues_trace } = operation;
  const shared: string[] = [];
  if (permission !== "public") shared.push("Organization-Id");
  if (takesIdempotencyKey(operation)) shared.push("Idempotency-Key");
  if (errors.includes("precondition_failed")) shared.push("If-Match");
  if (continues_trace) shared.push("traceparent", "tracestate");
  return [
    ...fields("path", request.path, operation.id, schemas),
    ...fields("query", request.query, operation.id, schemas),
    ...shared.map((name) => ({ $ref: `#/components/parameters/${name}` })),
  ];
}

/** The fields of a path or query schema as parameters, each with its own schema. */
function fields(
  place: "path" | "query",
  schema: z.ZodObject | undefined,
  id: string,
  schemas: SchemaBook,
): JsonObject[] {
  return Object.entries(schema?.shape ?? {}).map(([name, field]) => {
    const { description, ...rest } = schemas.input(field as z.ZodType, pascal(`${id}.${name}`));
    return {
      name,
      in: place,
      required: place === "path" || !(field as z.ZodType).safeParse(undefined).success,
      ...maybe(description !== undefined, { description: description ?? "" }),
      schema: rest,
    };
  });
}

function requestBody({ id, request: { body }, method }: OperationShape, schemas: SchemaBook): JsonObject {
  if (body === undefined) return {};
  // A POST without a body is read as an empty object.
  const required = method !== "POST" || !body.safeParse({}).success;
  return {
    requestBody: { required, content: { "application/json": { schema: schemas.input(body, `${pascal(id)}Body`) } } },
  };
}

function success(path: string, operation: OperationShape, { schemas, guarded }: Books): JsonObject {
  const { response, success: status } = operation;
  const created = (status === 201 || status === 202) && typeof response !== "string";
  const names = ["X-Request-Id", ...rateHeaderNames];
  if (created || response === "redirect") names.push("Location");
  if (typeof response !== "string" && operation.method !== "DELETE" && guarded.has(path)) names.push("ETag");
  const headers = headerReferences(names);
  if (response === "none") return { description: "Done; there is no body.", headers };
  if (response === "redirect") return { description: "Goes on at `Location`.", headers };
  const content = (schema: JsonObject): JsonObject =>
    Object.fromEntries(operation.media_types.map((type) => [bare(type), { schema }]));
  if (response === "document") return { description: "Done.", headers, content: content({ type: "object" }) };
  if (response === "file") return { description: "The file.", headers, content: content({ type: "string" }) };
  if (response === "events")
    return { description: "Server-sent events, as they happen.", headers, content: content({ type: "string" }) };
  const description = created ? (status === 201 ? "Created." : "Accepted; it goes on behind the API.") : "Done.";
  return { description, headers, content: content(schemas.output(response, `${pascal(operation.id)}Result`)) };
}

/** A content type without its parameters, by which clients choose how to read. */
const bare = (type: string): string => type.split(";", 1)[0] ?? type;
