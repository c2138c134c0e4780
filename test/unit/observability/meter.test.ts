import { describe, expect, it } from "vitest";
import * as z from "zod";
import { createMeter } from "../../../shared/observability/metrics.ts";

/** CloudWatch's embedded metric format, as far as a line of ours needs it. */
const embedded = z.looseObject({
  service: z.string(),
  _aws: z.strictObject({
    Timestamp: z.number().int(),
    CloudWatchMetrics: z.tuple([
      z.strictObject({
        Namespace: z.literal("KaizenStudio"),
        Dimensions: z.tuple([z.array(z.string()).min(1)], z.array(z.string())),
        Metrics: z.tuple([z.strictObject({ Name: z.string(), Unit: z.enum(["Count", "Milliseconds"]) })]),
      }),
    ]),
  }),
});

function written(use: (meter: ReturnType<typeof createMeter>) => void) {
  const lines: string[] = [];
  use(createMeter("agents", (line) => lines.push(line)));
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(/^[^\n]+\n$/);
  const line = embedded.parse(JSON.parse(lines[0] ?? ""));
  const [{ Dimensions, Metrics }] = line._aws.CloudWatchMetrics;
  for (const dimension of Dimensions.flat()) expect(line[dimension]).toEqual(expect.any(String));
  const [{ Name, Unit }] = Metrics;
  return { line, metric: { name: Name, unit: Unit, value: line[Name], by: Dimensions } };
}

const request = { request_id: "req_1", operation: "agents.get", status: 200, duration_ms: 12 };

describe("the meter", () => {
  it("writes one line for a request, which is its log entry and its duration by operation", () => {
    const { line, metric } = written((meter) => meter.request(request));
    expect(line).toMatchObject({ level: "INFO", message: "request.completed", service: "agents", ...request });
    expect(metric).toEqual({ name: "duration_ms", unit: "Milliseconds", value: 12, by: [["service", "operation"]] });
  });

  it("counts a fault of ours instead of its duration, and still logs both", () => {
    const { line, metric } = written((meter) => meter.request({ ...request, status: 503 }));
    expect(line).toMatchObject({ status: 503, duration_ms: 12 });
    expect(metric).toEqual({ name: "faults", unit: "Count", value: 1, by: [["service", "operation"]] });
  });

  it("counts what it is told by the service, and over all of them, as an alarm needs it", () => {
    const { metric } = written((meter) => meter.count("uncounted_requests", 3));
    expect(metric).toEqual({ name: "uncounted_requests", unit: "Count", value: 3, by: [["service"], []] });
  });
});
