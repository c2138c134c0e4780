import * as z from "zod";
import { storedMaterial } from "../../../executions/bounds/public.ts";
import { faultKindSchema } from "../../model.ts";

/** What an attempt was given, and of a test what it has met, as it is stored: of attempts from before there is nothing. */
export const storedMarks = {
  fault: faultKindSchema.nullable().default(null),
  replayed_calls: z.int().default(0),
  ...storedMaterial,
};
