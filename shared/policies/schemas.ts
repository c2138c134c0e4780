import * as z from "zod";
import { assignmentTypes, type PolicyConditions } from "./language.ts";

/** Most principals that one policy is for. */
const MOST_ASSIGNMENTS = 50;

/** Conditions as an object: what is in them is checked by `checkConditions`, which knows what they are about. */
export const conditionsSchema = z
  .record(z.string(), z.unknown())
  .meta({ id: "PolicyConditions" }) as z.ZodType<unknown> as z.ZodType<PolicyConditions>;

const [everybody, ...named] = assignmentTypes;
const id = z.string().regex(/^[\w-]{1,128}$/, "must be an id, or the name of a built-in role");

export const assignmentSchema = z
  .discriminatedUnion("type", [
    z.strictObject({ type: z.literal(everybody).meta({ description: "Everybody." }) }),
    ...named.map((type) => z.strictObject({ type: z.literal(type), id })),
  ])
  .meta({ id: "PolicyAssignment", description: "For whom a policy is." });

export const assignmentsSchema = z
  .array(assignmentSchema)
  .max(MOST_ASSIGNMENTS)
  .meta({
    description: "For whom it is; for nobody as long as there is none.",
    example: [{ type: "organization" }],
  });
