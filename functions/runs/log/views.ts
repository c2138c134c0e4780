import type { PageRequest } from "../../../shared/dynamo/table.ts";
import { elapsed, isLive, type StepView } from "../model.ts";
import { isSettled, type RunStep, type StoredRun } from "../store.ts";

/** The log's entries after a sequence number; numbers are padded in keys. */
export const afterSequence = (run_id: string, after: number): Pick<PageRequest, "of" | "from"> => ({
  of: { run_id },
  from: String(after + 1).padStart(12, "0"),
});

/**
 * A step as the API shows it. `text` is its output where it was loaded; else only a small one is shown.
 *
 * What has not ended when its run ends, ends with it: that is decided by the run's own end, one write, however many
 * attempts wait or work at that moment. Work that comes back later is recorded and shown as what it came to.
 */
export function stepOf(step: RunStep, run: Pick<StoredRun, "status" | "finished_at">, text?: string): StepView {
  const {
    blocked: _,
    execution: __,
    waiting_run_id: ___,
    expires_at: ____,
    work_key: _____,
    agent: ______,
    calls: _______,
    sent: ________,
    retry_in_ms,
    output,
    ...shown
  } = step;
  const cut = !isSettled(step) && !isLive(run.status);
  const { started_at } = step;
  const finished_at = cut ? run.finished_at : step.finished_at;
  const inline = text ?? (output !== null && "inline" in output ? output.inline : undefined);
  return {
    ...shown,
    ...(cut ? { status: "stopped", wait_until: null, waits_for: null } : {}),
    finished_at,
    duration_ms: elapsed(started_at, finished_at),
    retried: retry_in_ms !== null,
    output_bytes: output === null ? null : "inline" in output ? Buffer.byteLength(output.inline) : output.bytes,
    ...(inline === undefined ? {} : { output: JSON.parse(inline) as unknown }),
  };
}
