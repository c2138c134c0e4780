/** What a served request leaves behind: its log entry and its metric in one. */
export interface RequestLine {
  readonly request_id: string;
  readonly operation: string;
  readonly status: number;
  readonly duration_ms: number;
}

/**
 * Metrics in CloudWatch's embedded format: log lines that CloudWatch also reads as metrics, so that a request waits
 * for no second service.
 */
export interface Meter {
  /** The one line of a request, `request.completed`: duration by operation, or a fault. */
  request(line: RequestLine): void;
  count(name: CountName, value?: number): void;
}

export const NAMESPACE = "KaizenStudio";

/**
 * What is counted beside requests, each by service and over all of them, which is what an alarm can watch. `uncounted_requests`:
 * those that no rate limit counted, because what they are counted by did not answer.
 */
export type CountName = "uncounted_requests";

/**
 * The part of a line that declares a metric: which of the line's members are its value and its dimensions. Always the same but
 * for its time, so it is written as JSON once.
 */
function declares(
  name: string,
  unit: "Count" | "Milliseconds",
  dimensions: readonly (readonly string[])[],
): () => string {
  const metrics = JSON.stringify([
    { Namespace: NAMESPACE, Dimensions: dimensions, Metrics: [{ Name: name, Unit: unit }] },
  ]);
  return () => `{"Timestamp":${Date.now()},"CloudWatchMetrics":${metrics}}`;
}

const ofRequests = [["service", "operation"]];
const faults = declares("faults", "Count", ofRequests);
const durations = declares("duration_ms", "Milliseconds", ofRequests);

/**
 * Writes the lines itself: the format is a few members, and every request writes one. A logger's line and a metrics
 * library's line beside it cost ten times as much and said most things twice.
 * @param write where lines go; in Lambda each line of standard output is a log entry
 */
export function createMeter(
  service: string,
  write: (line: string) => unknown = (line) => process.stdout.write(line),
): Meter {
  const emit = (line: object, declared: string) => write(`${JSON.stringify(line).slice(0, -1)},"_aws":${declared}}\n`);
  return {
    request(line) {
      const entry = { level: "INFO", message: "request.completed", service, ...line };
      if (line.status >= 500) emit({ ...entry, faults: 1 }, faults());
      else emit(entry, durations());
    },
    count(name, value = 1) {
      emit({ service, [name]: value }, declares(name, "Count", [["service"], []])());
    },
  };
}

export const silentMeter: Meter = { request() {}, count() {} };
