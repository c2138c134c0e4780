import { Killable, workerFile } from "../../../shared/bounded/killable.ts";
import { Problem } from "../../../shared/errors.ts";
import { boundedJson } from "../../../shared/expressions/json.ts";
import { limits } from "../../../shared/http/schemas.ts";
import type { Read } from "./worker.ts";

/** Where YAML is read and written: its texts can be made to cost far more than their size. */
const worker = new Killable(workerFile(import.meta.url, "yaml"), { time_ms: 10_000, heap_mb: 256 });

const refused = (message: string): Problem =>
  new Problem("validation_failed", `\`document\` ${message}`, { issues: [{ path: "document", message }] });

/** Reads YAML, and so JSON, into plain data. @throws Problem `validation_failed` */
export async function readYaml(text: string): Promise<unknown> {
  const { request_bytes, json_depth } = limits;
  if (Buffer.byteLength(text) > request_bytes) throw refused(`is larger than ${request_bytes} bytes`);
  const done = await worker.run<Read>("read", text);
  if (!done.ok) throw refused("takes too long to be read, or is too large");
  if (!done.value.ok) throw refused(`is no YAML that is taken here: ${done.value.message}`);
  const plain = boundedJson(done.value.value, { depth: json_depth, size: request_bytes });
  if (!plain.ok) throw refused(plain.message);
  return plain.value;
}

export async function writeYaml(value: unknown): Promise<string> {
  const done = await worker.run<string>("write", value);
  if (!done.ok) throw new Problem("service_unavailable", "The document takes too long to be written. Ask for JSON.");
  return done.value;
}
