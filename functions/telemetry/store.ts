import { defineDue } from "../../shared/due/due.ts";
import type { Condition } from "../../shared/dynamo/condition.ts";
import { defineItem, type ItemOf } from "../../shared/dynamo/item.ts";
import { exportSchema, type StoredExport, storedHealthSchema } from "./model.ts";

export const traceExportItem = defineItem({
  type: "trace_export",
  summary: "Where an organization's runs are told of as spans; its headers are encrypted.",
  schema: exportSchema,
  key: { pk: "TRACE_EXPORT", sk: "TRACE_EXPORT" },
  json: ["headers"],
});

export const traceExportHealthItem = defineItem({
  type: "trace_export_health",
  summary: "What has come of telling an organization's collector of runs.",
  schema: storedHealthSchema,
  key: { pk: "TRACE_EXPORT", sk: "TRACE_EXPORT#HEALTH" },
  json: ["last_error"],
});
export type ExportHealth = ItemOf<typeof traceExportHealthItem>;

/** The health of this setting, and not of another one before or after it; that of one before healths said so is its own. */
export const ofExport = ({ etag }: Pick<StoredExport, "etag">): Condition => ({
  any: [{ equals: { of: etag } }, { exists: true, absent: ["of"] }],
});

/** When a collector is told once more of a run that it could not take, or could not take all of. */
export const traceExportDue = defineDue("trace_export");

/** What binds a header's value to its organization and name. */
export const headerContext = (tenant: string, name: string) =>
  ({ purpose: "trace_headers", tenant, field: `trace_export.${name}` }) as const;
