import type { EventDefinitions } from "../../../shared/change/events.ts";
import { fullPath, type OperationShape } from "../../../shared/http/operation.ts";
import type { Json, JsonObject } from "./json.ts";
import { operationObject } from "./operation-object.ts";
import { description, headers, parameters, securitySchemes } from "./parts.ts";
import { ProblemBook } from "./problems.ts";
import { SchemaBook } from "./schema-book.ts";
import { withExamples } from "./with-examples.ts";

export interface Registries {
  readonly operations: readonly { readonly room: string; readonly operation: OperationShape }[];
  readonly events: Readonly<Record<string, EventDefinitions>>;
  readonly version: string;
}

/**
 * The OpenAPI 3.1 document of all operations and events. Pages at the origin's root are not part of the API.
 * @throws when two schemas have the same id, a schema has no JSON form, or nobody says what a text looks like
 */
export const openApiDocument = (registries: Registries): JsonObject => withExamples(describedApi(registries));

/** The same without examples. */
export function describedApi({ operations, events, version }: Registries): JsonObject {
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
      [operation.method.toLowerCase()]: operationObject(room, path, operation, { schemas, problems, guarded, events }),
    };
  }
  return {
    openapi: "3.1.1",
    info: { title: "Kaizen Studio API", version, description },
    servers: [{ url: "/", description: "This deployment" }],
    security: [{ bearer: [] }],
    tags: [...new Set(described.map(({ room }) => room))].map((name) => ({ name, "x-displayName": displayName(name) })),
    paths,
    components: {
      securitySchemes,
      parameters,
      headers,
      responses: problems.components(),
      schemas: schemas.components(),
    },
  };
}

const displayName = (room: string): string => {
  const words = room.replaceAll(/[-_]/g, " ").replaceAll(/\b(api|sso|scim)\b/g, (word) => word.toUpperCase());
  return words.charAt(0).toUpperCase() + words.slice(1);
};
