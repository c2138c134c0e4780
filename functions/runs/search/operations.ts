import * as z from "zod";
import { principalTextSchema } from "../../../shared/access/principal.ts";
import { operation } from "../../../shared/http/operation.ts";
import { decimalInteger, pageOf, pageQuery } from "../../../shared/http/schemas.ts";
import { isOrdered, OUT_OF_ORDER, timeRangeQuery } from "../../../shared/http/time-range.ts";
import { idSchema } from "../../../shared/ids.ts";
import { labelSchema, runModeSchema, runStatusSchema, runSummaryView } from "../model.ts";
import { executedIn } from "../resources.ts";
import { MOST_LOOKED_AT } from "./rules/filters.ts";

const money = decimalInteger({ min: 0 }).optional();

export const searchOperations = {
  list: operation({
    id: "runs.list",
    method: "GET",
    path: "/runs",
    summary: "Find runs, newest first",
    description: `Filters narrow each other. Runs within another are listed by \`parent_run_id\` only. A page that has looked at ${MOST_LOOKED_AT} runs is given as it is, short or even empty, with a \`next_cursor\` where there may be more.`,
    permission: "runs:read",
    resource: { type: "run", list: true, targets: executedIn },
    request: {
      query: z
        .strictObject({
          ...pageQuery,
          ...timeRangeQuery,
          label: labelSchema.optional(),
          pipeline_id: idSchema("pipeline").optional(),
          agent_id: idSchema("agent").optional().meta({ description: "Runs of the agent itself." }),
          uses_agent_id: idSchema("agent").optional().meta({
            description:
              "Runs that have pinned the agent at their start, its own and those of pipelines; not where a node names the version itself.",
          }),
          status: runStatusSchema.optional(),
          mode: runModeSchema.optional(),
          started_by: principalTextSchema.optional(),
          min_cost_usd_micros: money.meta({ description: "Runs that have cost so much at least." }),
          max_cost_usd_micros: money.meta({ description: "Runs that have cost so much at most." }),
          parent_run_id: idSchema("run").optional().meta({ description: "Runs within this one." }),
        })
        .refine(isOrdered, { error: OUT_OF_ORDER.message, path: ["from"] }),
    },
    response: pageOf(runSummaryView),
    success: 200,
    served_by: "reads",
    errors: [],
  }),
} as const;
