import * as z from "zod";
import { isTrusted } from "../../../shared/bounded/trusted.ts";
import { conditionSchema } from "../../../shared/expressions/condition.ts";
import { compileExpression } from "../../../shared/expressions/expression.ts";
import { jsonValue } from "../../../shared/expressions/json.ts";
import { patternSchema } from "../../../shared/expressions/operators.ts";
import { pathSchema } from "../../../shared/expressions/paths.ts";
import { idSchema } from "../../../shared/ids.ts";
import { jsonSchemaField } from "../../../shared/json-schema/schema.ts";

/** Assertions of one case; each costs something of every run of the suite. */
export const MOST_ASSERTIONS = 20;
/** Judged ones of a case: each is a run of an agent. */
export const MOST_JUDGED = 3;
/** All assertions of a case, as JSON: they are read with every list. */
export const MOST_ASSERTION_BYTES = 32 * 1024;

/** How a run may end. */
export const expectedStatus = z
  .enum(["completed", "failed", "stopped", "timed_out"])
  .meta({ id: "SuiteExpectedStatus" });

const path = pathSchema(() => undefined)
  .optional()
  .meta({
    description: "What of the output is looked at, as in `object.items.0.name`; left out, the whole of it.",
    example: "object.label",
  });
const value = jsonValue({ depth: 32, size: MOST_ASSERTION_BYTES });

const expression = z.string().superRefine((text, context) => {
  if (isTrusted()) return;
  const compiled = compileExpression(text);
  if (!compiled.ok) context.addIssue({ code: "custom", message: compiled.message, input: text });
});

/** One thing that has to be so of what a case's run came to. */
export const assertionSchema = z
  .discriminatedUnion("kind", [
    z
      .strictObject({ kind: z.literal("equals"), path, value })
      .meta({ id: "SuiteEquals", description: "It is this value; the order of an object's members does not matter." }),
    z.strictObject({ kind: z.literal("not_equals"), path, value }).meta({ id: "SuiteNotEquals" }),
    z.strictObject({ kind: z.literal("contains"), path, value }).meta({
      id: "SuiteContains",
      description: "A text contains this text, a list this item, an object all these members.",
    }),
    z.strictObject({ kind: z.literal("not_contains"), path, value }).meta({ id: "SuiteNotContains" }),
    z.strictObject({ kind: z.literal("matches"), path, pattern: patternSchema }).meta({
      id: "SuiteMatches",
      description: "A text in which the pattern (RE2 syntax) is found; anchor it with `^` and `$`.",
    }),
    z.strictObject({ kind: z.literal("condition"), path, condition: conditionSchema }).meta({
      id: "SuiteConditionHolds",
      description: "Over what is looked at, which it calls `input`; `run.input` is the input of the case.",
    }),
    z
      .strictObject({
        kind: z.literal("json_path"),
        expression: expression.meta({
          description: "JSONata, over `input` and `output`.",
          example: "output.object.items[price > 100].name",
        }),
        equals: value.optional(),
      })
      .meta({
        id: "SuiteJsonPath",
        description: "The expression finds this; without `equals`, it finds anything but `false`, null and nothing.",
      }),
    z.strictObject({ kind: z.literal("json_schema"), path, schema: jsonSchemaField }).meta({ id: "SuiteJsonSchema" }),
    z.strictObject({ kind: z.literal("max_cost_usd_micros"), value: z.int().min(0).max(1_000_000_000) }).meta({
      id: "SuiteMaxCost",
      description: "The run cost no more. What was taken over from a recorded run is free.",
    }),
    z
      .strictObject({ kind: z.literal("max_latency_ms"), value: z.int().min(1).max(86_400_000) })
      .meta({ id: "SuiteMaxLatency", description: "It took no longer from its first step to its end." }),
    z
      .strictObject({
        kind: z.literal("status"),
        status: expectedStatus,
        code: z
          .string()
          .min(1)
          .max(100)
          .optional()
          .meta({ description: "Of the failure with which it ends.", example: "response_schema_mismatch" }),
      })
      .meta({ id: "SuiteStatus", description: "How the run ends; without one, a case expects that it completes." }),
    z
      .strictObject({
        kind: z.literal("judged"),
        path,
        agent_id: idSchema("agent"),
        rubric: z.string().trim().min(1).max(8_000),
        min_score: z.number().min(0).max(1),
      })
      .meta({
        id: "SuiteJudged",
        description:
          "An agent gives a score from 0 to 1 by a rubric, in a run of its own; asked only where all else holds. It answers JSON with `score` and `reason`: a response schema of the agent makes sure of that.",
      }),
  ])
  .meta({ id: "SuiteAssertion" });
export type Assertion = z.output<typeof assertionSchema>;
export type Judged = Extract<Assertion, { kind: "judged" }>;

export const isJudged = (assertion: Assertion): assertion is Judged => assertion.kind === "judged";

export const assertionsSchema = z
  .array(assertionSchema)
  .min(1)
  .max(MOST_ASSERTIONS)
  .refine((list) => list.filter(isJudged).length <= MOST_JUDGED, `must have at most ${MOST_JUDGED} that are judged`)
  .refine(
    (list) => list.filter(({ kind }) => kind === "status").length <= 1,
    "must have at most one of the kind status: a run ends once",
  )
  .refine(
    (list) => Buffer.byteLength(JSON.stringify(list)) <= MOST_ASSERTION_BYTES,
    `must be at most ${MOST_ASSERTION_BYTES} bytes of JSON`,
  );
