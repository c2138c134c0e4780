import { Validator } from "@seriousme/openapi-schema-validator";
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { eventsByRoom, eventTypes } from "../../functions/events.ts";
import { allOperations } from "../../functions/operations.ts";
import { describedApi, openApiDocument } from "../../functions/platform/openapi/document.ts";
import { errorCodes } from "../../shared/errors.ts";
import { errorsOf, fullPath, operation } from "../../shared/http/operation.ts";
import { permissionOf } from "../../shared/http/permit.ts";

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
const closedList = z.looseObject({ enum: z.array(z.string()) });
const problemShape = z.looseObject({
  properties: z.looseObject({
    code: z.looseObject({ $ref: z.string().optional() }),
    status: z.looseObject({ enum: z.array(z.number()) }),
  }),
});
const described = z.looseObject({
  operationId: z.string(),
  tags: z.array(z.string()).length(1),
  summary: z.string().min(1),
  security: z.array(z.strictObject({ bearer: z.tuple([]), apiKey: z.tuple([]) }).partial()).max(2),
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

const discriminator = z.object({ propertyName: z.string(), mapping: z.record(z.string(), z.string()) });

/** Every schema of the document with the place where it stands, those in schemas too. */
function* schemasIn(value: unknown, place: string, isSchema = false): Generator<[string, Record<string, unknown>]> {
  if (typeof value !== "object" || value === null) return;
  if (isSchema) yield [place, value as Record<string, unknown>];
  for (const [key, inner] of Object.entries(value)) {
    const at = `${place}/${key}`;
    const named = key === "properties" || (!isSchema && key === "schemas");
    if (named) for (const [name, each] of Object.entries(inner)) yield* schemasIn(each, `${at}/${name}`, true);
    else if (["anyOf", "oneOf", "allOf"].includes(key))
      for (const [i, each] of Object.entries(inner)) yield* schemasIn(each, `${at}/${i}`, true);
    else if (!["examples", "example", "default", "enum"].includes(key))
      yield* schemasIn(inner, at, ["schema", "items", "additionalProperties"].includes(key));
  }
}

describe("the OpenAPI document", () => {
  it("is valid by the OpenAPI Initiative's own schema of 3.1", async () => {
    const { errors, valid } = await new Validator().validate(structuredClone(raw));
    expect({ errors, valid }).toEqual({ errors: undefined, valid: true });
  });

  it("has every operation once, under an id of its own", () => {
    const ids = Object.values(document.paths).flatMap((methods) =>
      Object.values(methods).map((each) => each.operationId),
    );
    expect(ids.sort()).toEqual(api.map(({ operation }) => operation.id).sort());
    expect(new Set(ids).size).toBe(ids.length);
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
    const takesKeys = permissionOf(operation) !== undefined && operation.step_up === undefined;
    const known = [{ bearer: [] }, ...(takesKeys ? [{ apiKey: [] }] : [])];
    expect(each.security).toEqual(operation.permission === "public" ? [] : known);

    const statuses = new Set(errorsOf(operation).map((code) => String(errorCodes[code].status)));
    // A stream that is followed may have ended.
    const ended = operation.response === "events" && operation.method === "GET" ? ["204"] : [];
    const goesOn = operation.unfinished === undefined ? [] : ["202"];
    expect(Object.keys(each.responses).sort()).toEqual(
      [...statuses, String(operation.success), ...ended, ...goesOn].sort(),
    );
    for (const [status, entry] of Object.entries(each.responses)) {
      const shown = response.parse("$ref" in entry ? resolve(String(entry.$ref)) : entry);
      const own = [String(operation.success), ...goesOn].includes(status)
        ? operation.media_types
        : ["application/problem+json"];
      const types = status === "204" ? [] : own.map((type) => type.split(";")[0]);
      expect(Object.keys(shown.content ?? {}), `content of ${status}`).toEqual(types);
    }
    if (operation.response === "none") expect(operation.success).toBe(204);
    expect(operation.response === "redirect").toBe(operation.success === 302);
  });

  it.each(api.map(({ operation }) => [operation.id, operation] as const))(
    "tells in the schemas of %s which codes each status can have",
    (_, operation) => {
      const { responses } = at(fullPath(operation), operation.method);
      const byStatus = Object.groupBy(errorsOf(operation), (code) => String(errorCodes[code].status));
      for (const [status, codes = []] of Object.entries(byStatus)) {
        const shown = response.parse(resolve(String((responses[status] as { $ref: string }).$ref)));
        const { $ref } = reference.parse(shown.content?.["application/problem+json"]?.schema);
        const { properties } = problemShape.parse(resolve($ref));
        const { $ref: list } = properties.code;
        const { enum: told } = closedList.parse(list === undefined ? properties.code : resolve(list));
        expect(told, status).toEqual(codes.sort());
        expect(properties.status.enum).toEqual([Number(status)]);
      }
    },
  );

  it("names the schema of a refusal after what can be the matter", () => {
    const schemaOf = (path: string, method: string, status: string) =>
      response.parse(resolve(String((at(path, method).responses[status] as { $ref: string }).$ref))).content?.[
        "application/problem+json"
      ]?.schema;
    const named = (name: string) => ({ $ref: `#/components/schemas/${name}` });
    expect(schemaOf("/api/v1/auth/login", "POST", "401")).toEqual(named("InvalidCredentialsProblem"));
    expect(schemaOf("/api/v1/agents", "POST", "409")).toEqual(named("AlreadyExistsOrRepeatedRequestProblem"));
    expect(schemaOf("/api/v1/agents", "GET", "403")).toEqual(
      named("ForbiddenOrKeyConfinedOrPolicyDeniedOrMembershipOrDoorProblem"),
    );
  });

  it("describes every event where webhooks are made, told apart by its type, with the fields of its data", () => {
    const callback = z
      .object({ event: z.object({ "{$request.body#/url}": z.object({ post: z.looseObject({}) }) }) })
      .parse(at("/api/v1/webhooks", "POST").callbacks);
    expect(callback.event["{$request.body#/url}"].post.requestBody).toMatchObject({
      required: true,
      content: { "application/json": { schema: { $ref: "#/components/schemas/WebhookEvent" } } },
    });
    const { WebhookEvent, UserRegisteredEvent, UserRegisteredData } = document.components.schemas;
    const { propertyName, mapping } = discriminator.parse(WebhookEvent?.discriminator);
    expect(propertyName).toBe("type");
    expect(Object.keys(mapping).sort()).toEqual([...eventTypes]);
    expect(mapping["user.registered"]).toBe("#/components/schemas/UserRegisteredEvent");
    expect(UserRegisteredEvent?.properties).toMatchObject({ type: { enum: ["user.registered"] } });
    expect(UserRegisteredData?.properties).toHaveProperty("user_id");
  });
});

describe("for makers of clients, the document", () => {
  const all = [...schemasIn(raw, "")];

  it("has no keyword that some of them do not know", () => {
    const foreign = ["const", "prefixItems", "patternProperties", "if", "$defs", "allOf", "nullable"];
    expect(all.filter(([, schema]) => foreign.some((keyword) => keyword in schema)).map(([place]) => place)).toEqual(
      [],
    );
    expect(document).not.toHaveProperty("webhooks");
  });

  it("has no pattern that an engine without Unicode classes cannot read", () => {
    const patterns = all.flatMap(([, { pattern }]) => (pattern === undefined ? [] : [String(pattern)]));
    expect(patterns.length).toBeGreaterThan(10);
    expect(patterns.filter((pattern) => /\\[pPu]|\(\?[<!=]/.test(pattern))).toEqual([]);
  });

  it("has a type for every value, of which null is never the only one", () => {
    const wrong = all.filter(([, { type }]) => type === "null" || (Array.isArray(type) && type.length !== 2));
    // `null` beside a reference is how a reference is nullable.
    expect(wrong.map(([place]) => place).filter((place) => !/(any|one)Of\/\d+$/.test(place))).toEqual([]);
  });

  it("names every object, union and closed list, so that none has a made-up name or several", () => {
    const nested = all.filter(([place]) => !/^\/components\/schemas\/[^/]+$/.test(place));
    const anonymous = nested.filter(
      ([, { properties, oneOf, enum: values }]) =>
        properties !== undefined || oneOf !== undefined || (Array.isArray(values) && values.length > 1),
    );
    expect(anonymous.map(([place]) => place)).toEqual([]);
  });

  it("tells the variants of every union by a tag: each value leads to the variant that has it", () => {
    const unions = all.filter(([, schema]) => schema.oneOf !== undefined);
    expect(unions.length).toBeGreaterThan(4);
    for (const [place, schema] of unions) {
      const { propertyName, mapping } = discriminator.parse(schema.discriminator);
      const options = z.array(z.object({ $ref: z.string() })).parse(schema.oneOf);
      expect(new Set(Object.values(mapping)), place).toEqual(new Set(options.map(({ $ref }) => $ref)));
      for (const [value, pointer] of Object.entries(mapping)) {
        const variant = z
          .object({ required: z.array(z.string()), properties: z.record(z.string(), z.looseObject({})) })
          .parse(resolve(pointer));
        expect(variant.properties[propertyName]?.enum, pointer).toContain(value);
        expect(variant.required, pointer).toContain(propertyName);
      }
    }
  });
});

describe("schemas of the document", () => {
  const shared = z.object({ name: z.string(), size: z.number().default(1) }).meta({ id: "Thing" });
  const documentOf = (body: z.ZodType, answer: z.ZodType) =>
    documentSchema.parse(
      describedApi({
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
    expect(Object.keys(schemas).sort()).toEqual(expect.arrayContaining(["Outer", "OuterInput", "Thing", "ThingInput"]));
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

  it("a shape that stands in two places without an id is a mistake, since it would have two names", () => {
    const size = z.object({ width: z.number() });
    const twice = z.object({ inner: size, outer: size });
    expect(() => documentOf(z.object({}), twice)).toThrow(
      "ThingsCreateResultInner and ThingsCreateResultOuter are the same: give the schema an id in its meta.",
    );
  });

  it("a tuple is a list of its length, a literal a closed list of one", () => {
    const { ThingsCreateResult } = documentOf(
      z.object({}),
      z.object({ range: z.tuple([z.number(), z.number()]), kind: z.literal("a"), const: z.string() }),
    );
    expect(ThingsCreateResult?.properties).toEqual({
      range: { type: "array", items: { type: "number" }, minItems: 2, maxItems: 2 },
      kind: { type: "string", enum: ["a"] },
      const: { type: "string" },
    });
  });

  it("what may be null says so beside its type, or beside its name", () => {
    const { ThingsCreateResult } = documentOf(
      z.object({}),
      z.object({
        text: z.string().nullable(),
        thing: z.object({ a: z.string() }).nullable(),
        either: z.union([z.string(), z.number()]).nullable(),
      }),
    );
    expect(ThingsCreateResult?.properties).toEqual({
      text: { type: ["string", "null"] },
      thing: { anyOf: [{ $ref: "#/components/schemas/ThingsCreateResultThing" }, { type: "null" }] },
      either: { anyOf: [{ type: "string" }, { type: "number" }, { type: "null" }] },
    });
  });
});
