import * as z from "zod";
import { type EventDefinitions, envelopeSchema } from "../../../shared/change/events.ts";
import { fullPath, type OperationShape } from "../../../shared/http/operation.ts";
import { type Json, type JsonObject, maybe } from "./json.ts";
import { operationObject } from "./operation-object.ts";
import { description, headers, parameters, securitySchemes } from "./parts.ts";
import { ProblemBook } from "./problems.ts";
import { SchemaBook } from "./schema-book.ts";

export interface Registries {
  readonly operations: readonly { readonly room: string; readonly operation: OperationShape }[];
  readonly events: Readonly<Record<string, EventDefinitions>>;
  readonly version: string;
}

/**
 * The OpenAPI 3.1 document of all operations and events. Pages at the origin's root are not part of the API.
 * @throws when two schemas have the same id, or a schema has no JSON form
 */
export function openApiDocument({ operations, events, version }: Registries): JsonObject {
  const schemas = new SchemaBook();
  const problems = new ProblemBook(schemas);
  const described = operations.filter(({ operation }) => !operation.root);
  const guarded = new Set(
    described
      .filter(({ operation }) => operation.errors.includes("precondition_failed"))
      .map(({ operation }) => fullPath(operation)),
  );
  const paths: Record<string, Record<string, Json>> = {};
  for (const { room, operation } of described) {
    const path = fullPath(operation);
    paths[path] = {
      ...paths[path],
      [operation.method.toLowerCase()]: operationObject(room, path, operation, { schemas, problems, guarded }),
    };
  }
  const webhooks = Object.fromEntries(
    Object.values(events).flatMap((definitions) =>
      Object.entries(definitions).map(([type, event]) => [type, webhook(type, event, schemas)]),
    ),
  );
  return {
    openapi: "3.1.1",
    info: { title: "Kaizen Studio API", version, description },
    servers: [{ url: "/", description: "This deployment" }],
    security: [{ bearer: [] }],
    tags: [
      ...[...new Set(described.map(({ room }) => room))].map((name) => ({ name, "x-displayName": displayName(name) })),
      { name: EVENTS_TAG, "x-displayName": "Events", description: "What is sent to webhooks when something happens." },
    ],
    paths,
    webhooks,
    components: {
      securitySchemes,
      parameters,
      headers,
      responses: problems.components(),
      schemas: schemas.components(),
    },
  };
}

function webhook(type: string, event: EventDefinitions[string], schemas: SchemaBook): JsonObject {
  const envelope = schemas.output(envelopeSchema);
  const own = schemas.output(z.object({ type: z.literal(type), version: z.literal(event.version), data: event.data }));
  return {
    post: {
      operationId: `webhook.${type}`,
      tags: [EVENTS_TAG],
      summary: type,
      description: event.summary,
      security: [],
      parameters: WEBHOOK_HEADERS.map(([name, text]) => ({
        name,
        in: "header",
        required: true,
        description: text,
        schema: { type: "string" },
      })),
      requestBody: {
        required: true,
        content: { "application/json": { schema: { allOf: [envelope, own] } } },
      },
      responses: { "2XX": { description: "Received. Any other answer is tried again.", content: {} } },
      ...maybe(!event.audited, { "x-audited": false }),
    },
  };
}

const EVENTS_TAG = "events";

const WEBHOOK_HEADERS = [
  ["webhook-id", "The event's id; the same in every attempt."],
  ["webhook-timestamp", "Seconds since 1970 when the attempt was signed."],
  ["webhook-signature", "`v1,` and the base64 HMAC-SHA256 of `id.timestamp.body`, once for each live secret."],
] as const;

const displayName = (room: string): string => {
  const words = room.replaceAll(/[-_]/g, " ").replaceAll(/\bapi\b/g, "API");
  return words.charAt(0).toUpperCase() + words.slice(1);
};
