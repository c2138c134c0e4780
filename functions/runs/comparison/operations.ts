import * as z from "zod";
import { operation } from "../../../shared/http/operation.ts";
import { idSchema } from "../../../shared/ids.ts";
import { comparedRunsResource } from "../resources.ts";
import { MOST_ATTEMPTS } from "../timeline/rules/timeline.ts";
import { comparisonView } from "./rules/compare.ts";

export const comparisonOperations = {
  compare: operation({
    id: "runs.compare",
    method: "GET",
    path: "/runs/{run_id}/comparison/{with_run_id}",
    summary: "Compare a run with another, step by step",
    description: `\`run_id\` is what came after, \`with_run_id\` what was before. Outputs are compared by their values; read the steps to see them. Of runs with at most ${MOST_ATTEMPTS} attempts each.`,
    permission: "runs:read",
    resource: comparedRunsResource,
    request: {
      path: z.object({ run_id: idSchema("run"), with_run_id: idSchema("run") }),
    },
    response: comparisonView,
    success: 200,
    served_by: "reads",
    errors: ["run_too_large"],
  }),
} as const;
