import { describe, expect, it } from "vitest";
import * as z from "zod";
import { eventsByRoom, eventTypes } from "../../../functions/events.ts";
import { allOperations } from "../../../functions/operations.ts";
import { openApiDocument } from "../../../functions/platform/openapi/document.ts";
import { errorCodes } from "../../../shared/errors.ts";
import { errorsOf, fullPath, operation } from "../../../shared/http/operation.ts";

const reference = z.strictObject({ $ref: z.string().startsWith("#/") });
const response = z.looseObject({
  description: z.string().min(1),
  headers: z.record(z.string(), reference).optional(),
  content: z.record(z.string(), z.object({ schema: z.looseObject({}) })).optional(),
});
const parameter = z.looseObject({
  name: z.string(),
  in: z.enum(["path", "query", "header"]),
  required: z.boolean(),
  schema: z.looseObject({}),
});
const described = z.looseObject({
  operationId: z.string(),
  tags: z.array(z.string()).length(1),
  summary: z.string().min(1),
  security: z.array(z.object({ bearer: z.tuple([]) })).max(1),
  parameters: z.array(z.union([reference, parameter])),
  requestBody: z
    .looseObject({ required: z.boolean(), content: z.record(z.string(), z.object({ schema: z.looseObject({}) })) })
    .optional(),
  responses: z.record(z.string().regex(/^[1-5]\d\d$/), z.union([reference, response])),
});
const documentSchema = z.strictObject({
  openapi: z.literal("3.1.1"),
  info: z.strictObject({ title: z.string(), version: z.string(), description: z.string() }),
  servers: z.tuple([z.looseObject({ url: z.literal("/") })]),
  security: z.array(z.looseObject({})),
  tags: z.array(z.looseObject({ name: z.string() })),
  paths: z.record(
    z.string().startsWith("/api/v1"),
    z.partialRecord(z.enum(["get", "post", "put", "patch", "delete"]), described),
  ),
  webhooks: z.record(z.string(), z.strictObject({ post: z.looseObject({ operationId: z.string() }) })),
  components: z.object({
    securitySchemes: z.record(z.string(), z.looseObject({})),
    parameters: z.record(z.string(), parameter),
    headers: z.record(z.string(), z.looseObject({})),
    responses: z.record(z.string().regex(/^[a-zA-Z0-9._-]+$/), response),
    schemas: z.record(z.string().regex(/^[a-zA-Z0-9._-]+$/), z.looseObject({})),
  }),
});

const raw = openApiDocument({ operations: allOperations, events: eventsByRoom, version: "1.2.3" });
const document = documentSchema.parse(raw);
const api = allOperations.filter(({ operation }) => !operation.root);
const at = (path: string, method: string) => {
  const found = document.paths[path]?.[method.toLowerCase() as "get"];
  if (found === undefined) throw new Error(`${method} ${path} is not in the document`);
  return found;
};

function resolve(pointer: string): unknown {
  return pointer
    .slice(2)
    .split("/")
    .reduce<unknown>((value, key) => (value as Readonly<Record<string, unknown>> | undefined)?.[key], raw);
}

function* references(value: unknown): Generator<string> {
  if (typeof value !== "object" || value === null) return;
  for (const [key, inner] of Object.entries(value)) {
    if (key === "$ref" && typeof inner === "string") yield inner;
    else yield* references(inner);
  }
}

describe("the OpenAPI document", () => {
  it("has every operation once, under an id of its own", () => {
    const ids = Object.values(document.paths).flatMap((methods) =>
      Object.values(methods).map((each) => each.operationId),
    );
    expect(ids.sort()).toEqual(api.map(({ operation }) => operation.id).sort());
    expect(new Set(ids).size).toBe(ids.length);
    const hooks = Object.values(document.webhooks).map(({ post }) => post.operationId);
    expect(new Set([...ids, ...hooks]).size).toBe(ids.length + hooks.length);
  });

  it("resolves every reference, and says nothing that nobody refers to", () => {
    const used = new Set(references(raw));
    for (const pointer of used) expect(resolve(pointer), pointer).toBeDefined();
    for (const kind of ["parameters", "headers", "responses", "schemas"] as const) {
      const unused = Object.keys(document.components[kind]).filter((name) => !used.has(`#/components/${kind}/${name}`));
      expect(unused, kind).toEqual([]);
    }
  });

  it("names the parameters of a path the same everywhere, so that no two paths mean the same", () => {
    const shapes = Object.keys(document.paths).map((path) => path.replaceAll(/\{\w+\}/g, "{}"));
    expect(shapes.filter((shape, i) => shapes.indexOf(shape) !== i)).toEqual([]);
  });

  it.each(api.map(({ operation }) => [operation.id, operation] as const))("describes %s as it is", (_, operation) => {
    const path = fullPath(operation);
    const each = at(path, operation.method);
    const own = each.parameters.filter((entry) => !("$ref" in entry)).map((entry) => parameter.parse(entry));
    const inPath = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]);
    expect(own.filter((entry) => entry.in === "path").map(({ name, required }) => [name, required])).toEqual(
      inPath.map((name) => [name, true]),
    );
    expect(own.filter((entry) => entry.in === "query").map(({ name }) => name)).toEqual(
      Object.keys(operation.request.query?.shape ?? {}),
    );
    expect(each.requestBody !== undefined).toBe(operation.request.body !== undefined);
    expect(each.security).toEqual(operation.permission === "public" ? [] : [{ bearer: [] }]);

    const statuses = new Set(errorsOf(operation).map((code) => String(errorCodes[code].status)));
    // A stream that is followed may have ended.
    const ended = operation.response === "events" && operation.method === "GET" ? ["204"] : [];
    expect(Object.keys(each.responses).sort()).toEqual([...statuses, String(operation.success), ...ended].sort());
    for (const [status, entry] of Object.entries(each.responses)) {
      const shown = response.parse("$ref" in entry ? resolve(String(entry.$ref)) : entry);
      const bodyless = status === "204";
      expect(Object.keys(shown.content ?? {}).length, `content of ${status}`).toBe(bodyless ? 0 : 1);
    }
    if (operation.response === "none") expect(operation.success).toBe(204);
  });

  it("lists exactly the codes of an operation under their status", () => {
    const login = at("/api/v1/auth/login", "POST").responses["401"];
    const shown = resolve(String((login as { $ref: string }).$ref)) as {
      content: {
        "application/problem+json": { schema: { allOf: [unknown, { properties: { code: { enum: string[] } } }] } };
      };
    };
    expect(shown.content["application/problem+json"].schema.allOf[1].properties.code.enum).toEqual([
      "invalid_credentials",
    ]);
  });

  it("describes every event as a webhook with the fields of its data", () => {
    expect(Object.keys(document.webhooks).sort()).toEqual([...eventTypes]);
    const text = JSON.stringify(document.webhooks["user.registered"]);
    expect(text).toContain('"const":"user.registered"');
    expect(text).toContain('"user_id"');
  });
});

describe("schemas of the document", () => {
  const shared = z.object({ name: z.string(), size: z.number().default(1) }).meta({ id: "Thing" });
  const documentOf = (body: z.ZodType, answer: z.ZodType) =>
    documentSchema.parse(
      openApiDocument({
        operations: [
          {
            room: "things",
            operation: operation({
              id: "things.create",
              method: "POST",
              path: "/things",
              summary: "Create a thing",
              permission: "authenticated",
              request: { body },
              response: answer,
              success: 201,
              errors: [],
            }),
          },
        ],
        events: {},
        version: "1",
      }),
    ).components.schemas;

  it("a schema whose input differs from its output has both forms", () => {
    const { Thing, ThingInput } = documentOf(shared, shared);
    expect(Thing?.required).toEqual(["name", "size"]);
    expect(ThingInput?.required).toEqual(["name"]);
  });

  it("what refers to an input form is an input form too", () => {
    const outer = z.object({ thing: shared }).meta({ id: "Outer" });
    const schemas = documentOf(outer, outer);
    expect(Object.keys(schemas).sort()).toEqual(["Outer", "OuterInput", "Problem", "Thing", "ThingInput"]);
    expect(JSON.stringify(schemas.OuterInput)).toContain("#/components/schemas/ThingInput");
    expect(JSON.stringify(schemas.Outer)).toContain('#/components/schemas/Thing"');
  });

  it("an unknown field is refused in what a client sends and to be expected in what it gets", () => {
    const { Strict } = documentOf(z.strictObject({ a: z.string() }).meta({ id: "Strict" }), z.object({}));
    expect(Strict?.additionalProperties).toBe(false);
    const { Open } = documentOf(z.object({}), z.object({ a: z.string() }).meta({ id: "Open" }));
    expect(Open).not.toHaveProperty("additionalProperties");
  });

  it("two different schemas under one id are a mistake that stops the generation", () => {
    const other = z.object({ other: z.string() }).meta({ id: "Twice" });
    expect(() => documentOf(z.object({ one: z.string() }).meta({ id: "Twice" }), other)).toThrow(/Twice/);
  });
});
