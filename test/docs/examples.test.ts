import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { eventsByRoom } from "../../functions/events.ts";
import { allOperations } from "../../functions/operations.ts";
import { openApiDocument } from "../../functions/platform/openapi/document.ts";
import { exampleOf } from "../../functions/platform/openapi/example.ts";
import { problemSchema } from "../../shared/http/answer.ts";
import { fullPath } from "../../shared/http/operation.ts";
import { issuesOf } from "../../shared/http/parse.ts";

const media = z.object({
  schema: z.record(z.string(), z.json()),
  example: z.json().optional(),
  examples: z.record(z.string(), z.object({ value: z.json() })).optional(),
});
const content = z.looseObject({ content: z.record(z.string(), media).optional() });
const described = z.looseObject({
  requestBody: content.optional(),
  responses: z.record(z.string(), content),
  callbacks: z
    .record(z.string(), z.record(z.string(), z.record(z.string(), z.looseObject({ requestBody: content }))))
    .optional(),
});
const raw = openApiDocument({ operations: allOperations, events: eventsByRoom, version: "1.2.3" });
const document = z
  .looseObject({
    paths: z.record(z.string(), z.record(z.string(), described)),
    components: z.looseObject({ responses: z.record(z.string(), content), schemas: z.record(z.string(), z.json()) }),
  })
  .parse(raw);

// Its own words of OpenAPI beside those of JSON Schema, and formats, which are the zod schemas' matter.
const ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: true });
ajv.addSchema({ $id: "api", components: document.components });

/** What a second reader of JSON Schema finds wrong with a value. */
function wrong(schema: object, value: unknown): unknown {
  const local = JSON.parse(JSON.stringify(schema).replaceAll('"#/components', '"api#/components')) as object;
  const check = ajv.compile(local);
  return check(value) ? [] : check.errors;
}

const api = allOperations
  .filter(({ operation }) => !operation.root)
  .map(({ operation }) => [operation.id, operation] as const);

describe("the example of", () => {
  it.each(api.filter(([, { request }]) => request.body !== undefined))(
    "the body of %s is one that is taken",
    (_, operation) => {
      const { requestBody } = document.paths[fullPath(operation)]?.[operation.method.toLowerCase()] ?? {};
      const { schema, example } = media.parse(requestBody?.content?.["application/json"]);
      expect(example).toBeDefined();
      expect(wrong(schema, example)).toEqual([]);
      expect(issuesOf(operation.request.body as z.ZodType, example)).toEqual([]);
    },
  );

  it.each(api.filter(([, { response }]) => typeof response !== "string"))(
    "the answer of %s is one that is given",
    (_, operation) => {
      const { responses } = document.paths[fullPath(operation)]?.[operation.method.toLowerCase()] ?? {};
      const { schema, example } = media.parse(responses?.[String(operation.success)]?.content?.["application/json"]);
      expect(example).toBeDefined();
      expect(wrong(schema, example)).toEqual([]);
      expect(issuesOf(operation.response as z.ZodType, example)).toEqual([]);
    },
  );

  it.each(Object.entries(document.components.responses))(
    "the refusal %s stands for each of its codes",
    (name, { content }) => {
      const { schema, examples = {} } = media.parse(content?.["application/problem+json"]);
      expect(Object.keys(examples)).toEqual(name.split(".").slice(1));
      for (const [code, { value }] of Object.entries(examples)) {
        expect(problemSchema.parse(value).code).toBe(code);
        expect(wrong(schema, value)).toEqual([]);
      }
    },
  );

  it("an event that is sent to a webhook is one", () => {
    const { callbacks } = document.paths["/api/v1/webhooks"]?.post ?? {};
    const { schema, example } = media.parse(
      callbacks?.event?.["{$request.body#/url}"]?.post?.requestBody.content?.["application/json"],
    );
    expect(wrong(schema, example)).toEqual([]);
  });

  it("a text of which nobody says what it looks like is missed", () => {
    const schema = { type: "object", properties: { unheard_of: { type: "string" } } };
    expect(() => exampleOf(schema, {})).toThrow(/unheard_of/);
  });
});
