import { Logger } from "@aws-lambda-powertools/logger";

/**
 * Log events form a closed catalogue: what happened, never what was sent. Secrets, tokens and personal data do not
 * enter a log line; ids do.
 */
export const logEvents = [
  "request.completed",
  "request.failed",
  "request.answer_not_kept",
  "request.shadow_not_counted",
  "request.usage_not_counted",
  "stream.completed",
  "event.relayed",
  "event.dead",
  "event.consumed",
  "audit.numbered",
  "audit.numbered_late",
  "audit.unnumbered",
  "audit_stream.sent",
  "audit_stream.failed",
  "audit_stream.missing",
  "audit_stream.not_hinted",
  "consumer.failed",
  "delivery.attempted",
  "run.task",
  "run.start_delayed",
  "run.stop_incomplete",
  "run.aborted",
  "mail.withheld",
  "mail.undeliverable",
  "context.fetched",
  "context.extracted",
  "context.indexed",
  "sign_in.refused",
  "served.tampered",
  "lease.kept",
  "due.swept",
  "due.not_sent",
  "due.still_watched",
] as const;
export type LogEvent = (typeof logEvents)[number];

export interface Log {
  info(event: LogEvent, fields?: Record<string, unknown>): void;
  /** A fault of ours: with the error and its causes, for the operator only. */
  error(event: LogEvent, error: unknown, fields?: Record<string, unknown>): void;
}

export function createLog(service: string): Log {
  const logger = new Logger({ serviceName: service });
  return {
    info: (event, fields) => logger.info(event, fields ?? {}),
    error: (event, error, fields) =>
      logger.error(event, { ...fields, error: error instanceof Error ? error : new Error(String(error)) }),
  };
}

export const silentLog: Log = { info() {}, error() {} };
