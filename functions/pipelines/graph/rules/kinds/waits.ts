import * as z from "zod";
import { expressionText } from "../../../../../shared/expressions/mapping.ts";
import { graphLimits } from "../limits.ts";
import { ofType } from "../types/shape.ts";
import { FREE } from "./cost.ts";
import { configOf, defineKind, never } from "./kind.ts";

export const wait = defineKind({
  kind: "wait",
  group: "flow",
  icon: "timer",
  example: { seconds: 3_600 },
  summary:
    "Lets time pass and emits its input: so many seconds, or until a time. Waiting costs nothing; a run that does not have the time fails at once.",
  pure: never,
  emits: (_, { input }) => input,
  cost: FREE,
  limits: { wait_seconds: graphLimits.wait_seconds },
  config: configOf(() => ({
    seconds: z.int().min(1).max(graphLimits.wait_seconds).optional(),
    until: expressionText.optional().meta({
      description:
        "An expression that gives the time, RFC 3339 with its zone, such as `input.embargo_ends_at`; a time that has passed is no wait.",
    }),
  })).check((context) => {
    const { seconds, until } = context.value;
    if (seconds === undefined || until === undefined) return;
    context.issues.push({
      code: "custom",
      input: until,
      path: ["until"],
      message: "is used only without seconds",
    });
  }),
  uses: ({ until }) =>
    until === undefined ? [] : [{ field: "until", form: "expression", text: until, accepts: [ofType("string")] }],
  lacks: ({ seconds, until }) =>
    seconds === undefined && until === undefined ? ["Say how many seconds it waits, or until when."] : [],
  waits_seconds: ({ seconds }) => seconds ?? graphLimits.wait_seconds,
});
