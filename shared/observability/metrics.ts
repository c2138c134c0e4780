import { Metrics, MetricUnit } from "@aws-lambda-powertools/metrics";

/** Metrics in CloudWatch's embedded format: written as log lines, so that a request waits for no second service. */
export interface Meter {
  request(operation: string, status: number, duration_ms: number): void;
  count(name: string, value?: number): void;
}

export function createMeter(service: string): Meter {
  const metrics = new Metrics({ namespace: "KaizenStudio", serviceName: service });
  return {
    request(operation, status, duration_ms) {
      const single = metrics.singleMetric();
      single.addDimension("operation", operation);
      single.addMetadata("status", String(status));
      single.addMetric(
        status >= 500 ? "faults" : "duration_ms",
        status >= 500 ? MetricUnit.Count : MetricUnit.Milliseconds,
        status >= 500 ? 1 : duration_ms,
      );
    },
    count(name, value = 1) {
      metrics.singleMetric().addMetric(name, MetricUnit.Count, value);
    },
  };
}

export const silentMeter: Meter = { request() {}, count() {} };
