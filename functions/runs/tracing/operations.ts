import * as z from "zod";
import { operation } from "../../../shared/http/operation.ts";
import { idSchema } from "../../../shared/ids.ts";
import { otlpSchema } from "../../../shared/tracing/otlp.ts";
import { runResource } from "../resources.ts";
import { MOST_ATTEMPTS } from "../timeline/rules/timeline.ts";
import { MOST_ANSWER_BYTES, MOST_SPANS } from "./model.ts";

export const tracingOperations = {
  trace: operation({
    id: "runs.trace",
    method: "GET",
    path: "/runs/{run_id}/trace",
    summary: "Read a run as spans of OpenTelemetry",
    description: `The run, each attempt of its steps and their calls to models and of tools, as the OpenTelemetry Protocol's JSON has them: what a collector takes at \`/v1/traces\`. Names and attributes are those of the conventions for generative AI, and \`kaizen.*\` beside them; nothing of what was asked and answered is among them. A span is there once it has ended. Of at most ${MOST_ATTEMPTS} attempts and ${MOST_SPANS} spans, of ${MOST_ANSWER_BYTES} bytes together; runs within the run have traces of their own, under the same id.`,
    permission: "runs:read",
    resource: runResource,
    request: { path: z.object({ run_id: idSchema("run") }) },
    response: otlpSchema,
    success: 200,
    served_by: "reads",
    errors: ["run_too_large"],
  }),
} as const;
