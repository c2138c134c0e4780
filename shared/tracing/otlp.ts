import * as z from "zod";

/** The OpenTelemetry Protocol's JSON (1.x): ids are hexadecimal, 64-bit numbers are texts, enumerations are numbers. */

/** The conventions by which spans and attributes are named. */
const CONVENTIONS = "https://opentelemetry.io/schemas/1.41.0";
const SERVICE = "kaizen-studio";

const KINDS = { internal: 1, server: 2, client: 3 } as const;
const ERROR = 2;

export type AttributeValue = string | number | boolean | readonly string[];

/** Something that took its time, as it is told. */
export interface Span {
  readonly trace_id: string;
  readonly span_id: string;
  readonly parent_span_id: string | null;
  readonly sampled: boolean;
  readonly state: string | null;
  readonly name: string;
  readonly kind: keyof typeof KINDS;
  readonly started_at: string;
  readonly finished_at: string;
  /** Those without a value are left out. */
  readonly attributes: Readonly<Record<string, AttributeValue | null | undefined>>;
  /** Why it failed, as a code; undefined where it did not. Texts are not told: they may quote what was asked or answered. */
  readonly error: string | undefined;
}

const scalar = {
  stringValue: z.string().optional(),
  intValue: z.string().optional().meta({ description: "A whole number of 64 bits, as text." }),
  doubleValue: z.number().optional(),
  boolValue: z.boolean().optional(),
};
const attributes = z.array(
  z
    .object({
      key: z.string().meta({ example: "gen_ai.operation.name" }),
      value: z
        .object({
          ...scalar,
          arrayValue: z
            .object({
              values: z.array(
                z.object({ stringValue: z.string().meta({ example: "nightly" }) }).meta({ id: "OtlpArrayItem" }),
              ),
            })
            .meta({ id: "OtlpArray" })
            .optional(),
        })
        .meta({ id: "OtlpValue", description: "One of these.", example: { stringValue: "chat" } }),
    })
    .meta({ id: "OtlpAttribute" }),
);
const nanoseconds = z
  .string()
  .meta({ description: "Nanoseconds since 1970, as text.", example: "1777629600000000000" });

const spanSchema = z
  .object({
    traceId: z.string().meta({ example: "4bf92f3577b34da6a3ce929d0e0e4736" }),
    spanId: z.string().meta({ example: "b7ad6b7169203331" }),
    parentSpanId: z.string().optional().meta({ example: "00f067aa0ba902b7" }),
    traceState: z.string().optional().meta({ example: "vendor=t61rcWkgMzE" }),
    flags: z.int().meta({ description: "1 where the trace is sampled." }),
    name: z.string().meta({ example: "chat gpt-4o-mini" }),
    kind: z.int().meta({ description: "1 internal, 2 server, 3 client." }),
    startTimeUnixNano: nanoseconds,
    endTimeUnixNano: nanoseconds,
    attributes,
    status: z
      .object({
        code: z.int().optional().meta({ description: "2 where it failed." }),
        message: z.string().optional().meta({ example: "model_timeout" }),
      })
      .meta({ id: "OtlpStatus" }),
  })
  .meta({ id: "OtlpSpan" });

export const otlpSchema = z
  .object({
    resourceSpans: z.array(
      z
        .object({
          resource: z.object({ attributes }).meta({ id: "OtlpResource" }),
          scopeSpans: z.array(
            z
              .object({
                scope: z.object({ name: z.string().meta({ example: SERVICE }) }).meta({ id: "OtlpScope" }),
                spans: z.array(spanSchema),
                schemaUrl: z.string().meta({ example: CONVENTIONS }),
              })
              .meta({ id: "OtlpScopeSpans" }),
          ),
        })
        .meta({ id: "OtlpResourceSpans" }),
    ),
  })
  .meta({ id: "OtlpTraces", description: "Spans as the OpenTelemetry Protocol's JSON has them." });
export type Otlp = z.output<typeof otlpSchema>;
export type OtlpSpan = z.output<typeof spanSchema>;

/** Spans of one organization as they are sent. */
export const otlpOf = (organization_id: string, spans: readonly Span[]): Otlp =>
  otlpAround(organization_id, spans.map(otlpSpan));

/** The same around spans that have their form already. */
export const otlpAround = (organization_id: string, spans: readonly OtlpSpan[]): Otlp => ({
  resourceSpans: [
    {
      resource: { attributes: attributesOf({ "service.name": SERVICE, "kaizen.organization.id": organization_id }) },
      scopeSpans: [{ scope: { name: SERVICE }, spans: [...spans], schemaUrl: CONVENTIONS }],
    },
  ],
});

export const otlpSpan = (span: Span): OtlpSpan => ({
  traceId: span.trace_id,
  spanId: span.span_id,
  ...(span.parent_span_id === null ? {} : { parentSpanId: span.parent_span_id }),
  ...(span.state === null ? {} : { traceState: span.state }),
  flags: span.sampled ? 1 : 0,
  name: span.name,
  kind: KINDS[span.kind],
  startTimeUnixNano: nanosecondsOf(span.started_at),
  endTimeUnixNano: nanosecondsOf(span.finished_at),
  attributes: attributesOf({ ...span.attributes, "error.type": span.error }),
  status: span.error === undefined ? {} : { code: ERROR, message: span.error },
});

const nanosecondsOf = (time: string): string => String(BigInt(Date.parse(time)) * 1_000_000n);

const attributesOf = (all: Span["attributes"]): OtlpSpan["attributes"] =>
  Object.entries(all).flatMap(([key, value]) =>
    value === null || value === undefined ? [] : [{ key, value: asValue(value) }],
  );

function asValue(value: AttributeValue): OtlpSpan["attributes"][number]["value"] {
  if (typeof value === "string") return { stringValue: value };
  if (typeof value === "boolean") return { boolValue: value };
  if (typeof value === "number") return Number.isInteger(value) ? { intValue: String(value) } : { doubleValue: value };
  return { arrayValue: { values: value.map((one) => ({ stringValue: one })) } };
}
