import { Killable, workerFile } from "../../../../shared/bounded/killable.ts";
import { agentLimits } from "../../model.ts";
import { failure, type Taken, textTooLarge } from "./rules/failures.ts";
import type { Read, ReadInput } from "./worker.ts";

/**
 * Where files of tenants are read: what that takes depends on what they hold. A minute is what 500 full pages take several
 * times over; memory beside the heap (what is unpacked) is watched, for the function has 1,769 MB.
 */
const worker = new Killable(workerFile(import.meta.url, "extraction"), {
  time_ms: 60_000,
  heap_mb: 768,
  process_mb: 1_200,
});

/** Takes the text out of a file, whole. */
export type Extract = (input: ReadInput) => Promise<Taken>;

export const extract: Extract = (input) => extractIn(worker, input);

/** The text of a document, of which nothing is cut: one of which the end is missing answers wrongly, and nobody sees why. */
export async function wholeText(extract: Extract, input: Omit<ReadInput, "cut">): Promise<Taken> {
  const taken = await extract({ ...input, cut: false });
  const bytes = taken.ok ? Buffer.byteLength(taken.text) : 0;
  return bytes > agentLimits.text_context_bytes ? textTooLarge(bytes, agentLimits.text_context_bytes) : taken;
}

export async function extractIn(thread: Pick<Killable, "run">, input: ReadInput): Promise<Taken> {
  const done = await thread.run<Read>("read", input);
  if (!done.ok) return failure(done.code === "timed_out" ? "too_slow" : "too_complex", input.format);
  return done.value.ok ? { ok: true, text: done.value.text, truncated: false } : failure(done.value.code, input.format);
}
