import { Killable, workerFile } from "../../../shared/bounded/killable.ts";
import { Problem } from "../../../shared/errors.ts";
import type { PictureInput } from "./worker.ts";

/** Where graphs are laid out: what that takes depends on how their connections cross. */
const worker = new Killable(workerFile(import.meta.url, "drawing"), { time_ms: 15_000, heap_mb: 256 });

/** @throws Problem `graph_too_large` when laying it out takes more than it may */
export async function picture(input: PictureInput): Promise<string> {
  const done = await worker.run<string>("picture", input);
  if (done.ok) return done.value;
  throw new Problem("graph_too_large", "Its connections cross so often that laying it out takes too long.");
}
