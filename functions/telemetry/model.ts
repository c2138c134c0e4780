import * as z from "zod";
import type { Asking } from "../../shared/http/permit.ts";
import { timestampSchema } from "../../shared/http/schemas.ts";
import { defineStates } from "../../shared/states.ts";

const statuses = ["active", "paused", "disabled"] as const;
export const exportStatus = z.enum(statuses).meta({ id: "TraceExportStatus" });

export const exportStates = defineStates("trace_export", statuses, [
  { from: [], to: "active", why: "It is set." },
  { from: ["active", "disabled"], to: "paused", why: "Somebody pauses it." },
  { from: ["paused", "disabled"], to: "active", why: "It is set anew; its failures are forgotten." },
  { from: ["active"], to: "disabled", why: "The collector refused too often in a row, or for too long." },
]);

export const disabledReason = z
  .enum(["consecutive_failures", "failing_too_long"])
  .meta({ id: "TraceExportDisabledReason" });
export type DisabledReason = z.output<typeof disabledReason>;

/** Headers that each request to the collector carries. */
export const MOST_HEADERS = 10;

/** A share of all traces. */
const ratio = z.number().min(0).max(1).meta({
  description:
    "Which share of the traces is sent. A trace is sent whole or not at all, by its id; one whose caller says in `traceparent` that it is not sampled is not sent.",
  example: 1,
});

const endpoint = z.string().min(1).max(2_048).meta({
  description: "Where the collector takes traces by OTLP over HTTP, path included.",
  example: "https://collector.example.com/v1/traces",
});

export const exportInput = z.strictObject({
  endpoint,
  headers: z
    .record(z.string().max(100), z.string().min(1).max(4_096))
    .refine((headers) => Object.keys(headers).length <= MOST_HEADERS, `has more than ${MOST_HEADERS} headers`)
    .optional()
    .meta({
      description:
        "Sent with each request, and never shown again. Left out, they stay as they are; they must be given again where the address is of another host, so that no key follows to it.",
      example: { "api-key": "a-key-of-the-collector" },
    }),
  sample_ratio: ratio.default(1),
  enabled: z.boolean().default(true).meta({ description: "Whether it is active, or paused." }),
});
export type ExportInput = z.output<typeof exportInput>;

/** How the last request failed that a collector did not take. */
const failureSchema = z
  .object({
    at: timestampSchema,
    code: z.string().meta({ example: "http_status_401" }),
    message: z.string().meta({ example: "The collector answered with status 401." }),
    about: z.string().meta({
      description: "The run, or the event of the execution, that was to be told of.",
      example: "run_01JDQ4X0Z5V8W3N7K2M9R6T1BC",
    }),
  })
  .meta({ id: "TraceExportFailure" });

/** What has come of it so far; counted apart, so that counting never meets a change by a person. */
export const healthSchema = z.object({
  exported: z.int().default(0).meta({
    description: "Runs and executions that were taken; one whose event comes twice is sent and counted twice.",
  }),
  exported_spans: z.int().default(0),
  rejected_spans: z.int().default(0).meta({ description: "Of those sent: what the collector said it did not take." }),
  failed: z.int().default(0).meta({ description: "Runs and executions of which nobody is told any more." }),
  consecutive_failures: z.int().default(0),
  failing_since: timestampSchema.optional(),
  last_exported_at: timestampSchema.optional(),
  last_error: failureSchema.optional(),
});
/** The same as it is kept. */
export const storedHealthSchema = healthSchema.extend({
  /** The etag of the setting that it is the health of. */
  of: z.string().optional(),
  /** Of a collector that could not listen: when it may be tried again. */
  not_before: timestampSchema.optional(),
});
export type Health = z.output<typeof storedHealthSchema>;
export type ExportFailure = z.output<typeof failureSchema>;

export const exportSchema = z.object({
  endpoint: z.string(),
  headers: z.array(z.object({ name: z.string(), sealed: z.string() })),
  sample_ratio: ratio,
  status: exportStatus,
  disabled_reason: disabledReason.nullable(),
  disabled_at: timestampSchema.nullable(),
  created_at: timestampSchema,
  updated_at: timestampSchema,
  etag: z.string(),
});
export type StoredExport = z.output<typeof exportSchema>;

export const exportView = exportSchema
  .omit({ headers: true, etag: true })
  .extend({
    endpoint: endpoint.meta({ description: "Its origin and `/{concealed}` where you may not change it." }),
    header_names: z.array(z.string()).meta({ example: ["api-key"] }),
    health: healthSchema
      .extend({
        failing_since: timestampSchema.nullable(),
        last_exported_at: timestampSchema.nullable(),
        last_error: failureSchema.nullable(),
      })
      .meta({ id: "TraceExportHealth" }),
  })
  .meta({ id: "TraceExport", description: "Where an organization's runs are told of as spans." });

export const trialView = z
  .object({
    ok: z.boolean().meta({ description: "The collector took the span." }),
    status: z.int().nullable().meta({ description: "What it answered; null where there was no answer.", example: 200 }),
    code: z.string().nullable().meta({ description: "Why it was not taken.", example: null }),
    message: z.string().nullable().meta({ description: "What the collector says of it.", example: null }),
    duration_ms: z.int(),
    trace_id: z
      .string()
      .meta({ description: "By which the span is found.", example: "4bf92f3577b34da6a3ce929d0e0e4736" }),
  })
  .meta({ id: "TraceExportTest", description: "What came of one span that was sent." });

/** An export as somebody sees it; its address in full only for who may change it. */
export const viewOf = (
  { may }: Pick<Asking<"settings:update">, "may">,
  { headers, ...stored }: StoredExport,
  health: Health | undefined,
) => ({
  ...stored,
  endpoint: may("settings:update") ? stored.endpoint : `${new URL(stored.endpoint).origin}/{concealed}`,
  header_names: headers.map(({ name }) => name),
  health: {
    ...healthSchema.parse(health ?? {}),
    failing_since: health?.failing_since ?? null,
    last_exported_at: health?.last_exported_at ?? null,
    last_error: health?.last_error ?? null,
  },
});
