import type { PageRequest } from "../../../shared/dynamo/table.ts";
import type { StepView } from "../model.ts";
import type { RunStep } from "../store.ts";

/** The log's entries after a sequence number; numbers are padded in keys. */
export const afterSequence = (run_id: string, after: number): Pick<PageRequest, "of" | "from"> => ({
  of: { run_id },
  from: String(after + 1).padStart(12, "0"),
});

/** A step as the API shows it. `text` is its output where it was loaded; else only a small one is shown. */
export function stepOf(step: RunStep, text?: string): StepView {
  const { blocked: _, execution: __, waiting_run_id: ___, retry_in_ms, output, ...shown } = step;
  const { started_at, finished_at } = step;
  const inline = text ?? (output !== null && "inline" in output ? output.inline : undefined);
  return {
    ...shown,
    duration_ms: started_at === null || finished_at === null ? null : Date.parse(finished_at) - Date.parse(started_at),
    retried: retry_in_ms !== null,
    output_bytes: output === null ? null : "inline" in output ? Buffer.byteLength(output.inline) : output.bytes,
    ...(inline === undefined ? {} : { output: JSON.parse(inline) as unknown }),
  };
}
