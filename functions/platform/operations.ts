import * as z from "zod";
import { operation } from "../../shared/http/operation.ts";

export const operations = {
  health: operation({
    id: "platform.health",
    method: "GET",
    path: "/health",
    summary: "Whether the API and its table answer",
    permission: "public",
    request: {},
    response: z.object({ status: z.literal("ok"), version: z.string() }),
    success: 200,
    errors: [],
  }),
} as const;
