import * as z from "zod";
import { defineEvents } from "../../shared/change/events.ts";
import { disabledReason } from "./model.ts";

export const telemetryEvents = defineEvents({
  "trace_export.updated": {
    summary: "Where runs are told of as spans was set or changed.",
    resource: "trace_export",
    data: z.object({ changed_fields: z.array(z.string()) }),
  },
  "trace_export.deleted": {
    summary: "Runs are told of to no collector any more.",
    resource: "trace_export",
    data: z.object({}),
  },
  "trace_export.auto_disabled": {
    summary: "Telling of runs was switched off: the collector kept refusing.",
    resource: "trace_export",
    data: z.object({ reason: disabledReason, consecutive_failures: z.int() }),
  },
});
