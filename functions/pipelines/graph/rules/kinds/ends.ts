import * as z from "zod";
import { jsonValue } from "../../../../../shared/expressions/json.ts";
import { MAPPING_FIELDS, mappingSchema } from "../../../../../shared/expressions/mapping.ts";
import { graphLimits } from "../limits.ts";
import { shapeOf } from "../types/from-schema.ts";
import { FREE } from "./cost.ts";
import { always, configOf, defineKind, usesOfMapping } from "./kind.ts";

const none: readonly string[] = [];

export const input = defineKind({
  kind: "input",
  group: "flow",
  icon: "log-in",
  example: { schema: { type: "object", properties: { message: { type: "string" } }, required: ["message"] } },
  summary: "Where the run's input enters. With a schema, an input that does not fit fails the run.",
  pure: always,
  cost: FREE,
  limits: { schema_characters: graphLimits.constant.size },
  receives: "none",
  emits: ({ schema }) => shapeOf(schema),
  config: configOf(() => ({
    schema: z
      .union([z.record(z.string(), jsonValue(graphLimits.constant)), z.boolean()])
      .optional()
      .meta({ description: "JSON Schema 2020-12 of the run's input." }),
  })),
});

export const output = defineKind({
  kind: "output",
  group: "flow",
  icon: "log-out",
  example: { mapping: { answer: "input.text" } },
  summary: "What the run answers: its input, or a mapping of it. Several inputs make an object by node id.",
  pure: always,
  cost: FREE,
  limits: { mapping_fields: MAPPING_FIELDS },
  receives: "many",
  emits: ({ mapping }, { input, mapped }) => (mapping === undefined ? input : mapped(mapping)),
  config: configOf(() => ({ mapping: mappingSchema.optional() })),
  handles: () => none,
  uses: ({ mapping }) => usesOfMapping("mapping", mapping),
});
