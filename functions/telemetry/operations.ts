import { operation } from "../../shared/http/operation.ts";
import { exportInput, exportView, trialView } from "./model.ts";

const resource = { type: "trace_export", list: true } as const;

export const operations = {
  get: operation({
    id: "trace_export.get",
    method: "GET",
    path: "/trace-export",
    summary: "Read where runs are told of as spans, and what has come of it",
    permission: "settings:read",
    besides: ["settings:update"],
    resource,
    request: {},
    response: exportView,
    success: 200,
    errors: ["not_found"],
  }),
  put: operation({
    id: "trace_export.put",
    method: "PUT",
    path: "/trace-export",
    summary: "Send runs as spans to a collector",
    description:
      "Each run that ends, and each execution of an agent, is sent by OTLP over HTTP, as JSON; a run as `GET /runs/{run_id}/trace` shows it. What the collector cannot take for now is sent again for a day, after the time that it asks for; what it refuses is not. When it has refused 20 in a row, or for three days, sending is switched off. A span may come twice, with the same id.",
    permission: "settings:update",
    resource,
    request: { body: exportInput },
    response: exportView,
    success: 200,
    errors: ["unsafe_url", "precondition_failed"],
  }),
  remove: operation({
    id: "trace_export.delete",
    method: "DELETE",
    path: "/trace-export",
    summary: "Send runs to no collector any more",
    description: "Its headers and counts are deleted with it; what is to be sent again is not.",
    permission: "settings:update",
    resource,
    request: {},
    response: "none",
    success: 204,
    errors: ["not_found", "precondition_failed"],
  }),
  test: operation({
    id: "trace_export.test",
    method: "POST",
    path: "/trace-export/test",
    summary: "Send one span and say what came of it",
    description: "Also while sending is paused or switched off. Nothing is counted.",
    permission: "settings:update",
    resource,
    request: {},
    response: trialView,
    success: 200,
    errors: ["not_found"],
    outside_effect: true,
  }),
} as const;
