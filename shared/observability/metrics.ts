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
  count(name: string, value?: number): void;
}

const NAMESPACE = "KaizenStudio";

/** The part of a line that declares a metric: which of the line's members are its value and its dimensions. */
const declared = (name: string, unit: "Count" | "Milliseconds", dimensions: readonly string[]) => ({
  Timestamp: Date.now(),
  CloudWatchMetrics: [{ Namespace: NAMESPACE, Dimensions: [dimensions], Metrics: [{ Name: name, Unit: unit }] }],
});

/**
 * Writes the lines itself: the format is a few members, and every request writes one. A logger's line and a metrics
 * library's line beside it cost ten times as much and said most things twice.
 * @param write where lines go; in Lambda each line of standard output is a log entry
 */
export function createMeter(
  service: string,
  write: (line: string) => unknown = (line) => process.stdout.write(line),
): Meter {
  const emit = (line: object) => write(`${JSON.stringify(line)}\n`);
  return {
    request(line) {
      const fault = line.status >= 500;
      emit({
        level: "INFO",
        message: "request.completed",
        service,
        ...line,
        ...(fault ? { faults: 1 } : {}),
        _aws: declared(fault ? "faults" : "duration_ms", fault ? "Count" : "Milliseconds", ["service", "operation"]),
      });
    },
    count(name, value = 1) {
      emit({ service, [name]: value, _aws: declared(name, "Count", ["service"]) });
    },
  };
}

export const silentMeter: Meter = { request() {}, count() {} };
