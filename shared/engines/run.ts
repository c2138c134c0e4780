import { Killable, workerFile } from "../bounded/killable.ts";

/**
 * Where expressions, patterns and schemas of tenants work on values that are not small. The engines have bounds of their
 * own, which come first and give better answers; the thread's are for what slips between two looks at them.
 */
export const engines = new Killable(workerFile(import.meta.url, "engines"), { time_ms: 12_000, heap_mb: 192 });

/** Characters up to which a value is worked on in place: starting a thread and copying would cost more. */
export const SMALL = 8_000;
