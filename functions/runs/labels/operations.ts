import * as z from "zod";
import { operation } from "../../../shared/http/operation.ts";
import { idSchema } from "../../../shared/ids.ts";
import { labelsSchema, runSummaryView } from "../model.ts";
import { runResource } from "../resources.ts";

export const labelOperations = {
  setLabels: operation({
    id: "runs.set_labels",
    method: "PUT",
    path: "/runs/{run_id}/labels",
    summary: "Set the labels of a run",
    description:
      "All of them: what is not named is taken off. Of a run that is within another there are none; label the outermost. For a run of an agent the permission `agents:execute` is needed too.",
    permission: "pipelines:execute",
    besides: ["agents:execute"],
    resource: runResource,
    request: { path: z.object({ run_id: idSchema("run") }), body: z.strictObject({ labels: labelsSchema }) },
    response: runSummaryView,
    success: 200,
    errors: ["conflict"],
  }),
} as const;
