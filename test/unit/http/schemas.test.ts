import { describe, expect, it } from "vitest";
import * as z from "zod";
import { allOperations } from "../../../functions/operations.ts";
import { errorCodes } from "../../../shared/errors.ts";
import { errorsOf, type OperationShape } from "../../../shared/http/operation.ts";

const operations = allOperations.map(({ operation }) => operation);
const rows = (list: readonly OperationShape[]) => list.map((operation) => [operation.id, operation] as const);

interface Node {
  readonly type?: string;
  readonly properties?: Record<string, Node>;
  readonly additionalProperties?: unknown;
  readonly items?: Node;
  readonly anyOf?: Node[];
  readonly oneOf?: Node[];
  readonly allOf?: Node[];
  readonly $ref?: string;
  readonly $defs?: Record<string, Node>;
}

/** Places in a schema where an object with named fields takes others too. */
function loose(node: Node, path = "body"): string[] {
  const children: [string, Node][] = [
    ...Object.entries(node.properties ?? {}),
    ...Object.entries(node.$defs ?? {}),
    ...(node.items === undefined ? [] : [["[]", node.items] as [string, Node]]),
    ...[...(node.anyOf ?? []), ...(node.oneOf ?? []), ...(node.allOf ?? [])].map(
      (one, i) => [`|${i}`, one] as [string, Node],
    ),
  ];
  const own = node.properties !== undefined && node.additionalProperties !== false ? [path] : [];
  return [...own, ...children.flatMap(([name, child]) => loose(child, `${path}.${name}`))];
}

const schemaOf = (schema: z.ZodType): Node => z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }) as Node;

/**
 * Those that take what is said here. Another protocol's clients say more, and what is not understood is passed over; so it
 * is with what secret scanners report, and with links to pages, to which programs that read mails add what they like.
 */
const own = operations.filter(
  ({ id, response, root }) => response !== "document" && !root && id !== "api_keys.report_leaked",
);

describe("what an operation takes", () => {
  it.each(rows(own.filter(({ request }) => request.body !== undefined)))(
    "%s refuses unknown fields at every depth",
    (_, { request }) => {
      expect(request.body === undefined ? [] : loose(schemaOf(request.body))).toEqual([]);
    },
  );

  it.each(rows(own.filter(({ request }) => request.query !== undefined)))(
    "%s refuses unknown parameters",
    (_, { request }) => {
      expect(request.query === undefined ? [] : loose(schemaOf(request.query))).toEqual([]);
    },
  );

  it("sees a loose object where there is one", () => {
    const inner = z.strictObject({
      a: z.array(z.union([z.strictObject({ b: z.object({ c: z.string() }) }), z.string()])),
    });
    expect(loose(schemaOf(inner))).toEqual(["body.a.[].|0.b"]);
    expect(loose(schemaOf(z.strictObject({ map: z.record(z.string(), z.string()) })))).toEqual([]);
  });
});

describe("what an operation promises", () => {
  it("has an id and a route of its own", () => {
    expect(new Set(operations.map(({ id }) => id)).size).toBe(operations.length);
    const routes = operations.map(({ method, path, root }) => `${root} ${method} ${path.replaceAll(/\{\w+\}/g, "{}")}`);
    expect(new Set(routes).size).toBe(routes.length);
  });

  it.each(rows(operations))("%s names its parameters, its errors and its success as it should", (_, operation) => {
    const names = [...operation.path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]);
    expect(Object.keys(operation.request.path?.shape ?? {}).sort()).toEqual(names.sort());
    for (const code of errorsOf(operation)) expect(errorCodes).toHaveProperty(code);
    if (operation.response === "none") expect(operation.success).toBe(204);
    if (operation.success === 204) expect(operation.response).toBe("none");
    if (operation.success === 201) expect(operation.method).toBe("POST");
    if (operation.method === "PATCH") expect(operation.errors, "a lost race").toContain("precondition_failed");
  });

  it.each(rows(operations.filter(({ request }) => request.query !== undefined && "cursor" in request.query.shape)))(
    "%s pages like every list",
    (_, operation) => {
      expect(operation.request.query?.shape).toHaveProperty("limit");
      const { response } = operation;
      expect(response instanceof z.ZodObject ? Object.keys(response.shape).sort() : response).toEqual([
        "items",
        "next_cursor",
      ]);
    },
  );
});
