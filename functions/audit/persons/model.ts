import * as z from "zod";
import { idSchema } from "../../../shared/ids.ts";
import { defineStates } from "../../../shared/states.ts";

const statuses = ["erasing", "erased"] as const;

export const personErasureStates = defineStates("erasure of a person", statuses, [
  { from: [], to: "erasing", why: "Somebody who may asks for it." },
  { from: ["erased"], to: "erasing", why: "It is asked for again." },
  { from: ["erasing"], to: "erased", why: "No entry that can be found names the person any more." },
]);

export const personErasureSchema = z
  .object({
    user_id: idSchema("user"),
    status: z.enum(statuses).meta({ id: "PersonErasureStatus" }),
    requested_at: z.string(),
    completed_at: z.string().nullable(),
    parts: z.int().min(0).meta({ description: "Parts of entries that were erased so far." }),
  })
  .meta({ id: "PersonErasure", description: "The erasure of a former member from the audit log." });

/** Types of what entries are about where its id is the person's. */
export const ABOUT_PERSONS = ["user", "membership", "session", "account"] as const;
