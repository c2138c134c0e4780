import * as z from "zod";
import { defineEvents } from "../../shared/change/events.ts";
import { accessEvents } from "./access/events.ts";

const operator = z.object({ user_id: z.string() });

const granting = defineEvents({
  "operator.granted": { summary: "Somebody runs the platform from now on.", resource: "operator", data: operator },
  "operator.revoked": { summary: "Somebody runs the platform no more.", resource: "operator", data: operator },
});

export const operatorEvents = { ...granting, ...accessEvents } as const;
