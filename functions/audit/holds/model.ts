import * as z from "zod";
import { principalTextSchema } from "../../../shared/access/principal.ts";
import { nameSchema, visibleText } from "../../../shared/http/schemas.ts";
import { idSchema } from "../../../shared/ids.ts";
import { defineStates } from "../../../shared/states.ts";

const statuses = ["active", "released"] as const;

export const holdStates = defineStates("legal hold", statuses, [
  { from: [], to: "active", why: "Somebody who may places it." },
  { from: ["active"], to: "released", why: "Somebody who may releases it, and says why." },
]);

export const reasonSchema = visibleText(z.string().trim().min(1).max(1_000)).meta({
  example: "Case 2027-14, letter of counsel of 3 February",
});

export const holdSchema = z
  .object({
    id: idSchema("legal_hold"),
    name: nameSchema,
    reason: reasonSchema,
    status: z.enum(statuses).meta({ id: "LegalHoldStatus" }),
    placed_at: z.string().meta({ example: "2026-01-31T12:00:00.000Z" }),
    placed_by: principalTextSchema.meta({ example: "user:usr_01JDQ4X0Z5V8W3N7K2M9R6T1BC" }),
    released_at: z.string().nullable(),
    released_by: principalTextSchema.nullable(),
    release_reason: z.string().nullable(),
  })
  .meta({
    id: "LegalHold",
    description: "While an organization has an active one, nothing of its audit log ends.",
  });

/** Holds that are active at the same time. */
export const MOST_HOLDS = 20;
