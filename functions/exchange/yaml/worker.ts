import { parseDocument, stringify } from "yaml";
import { serveTasks } from "../../../shared/bounded/worker.ts";

/** What a text says, or the first thing that is wrong in it. */
export type Read = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly message: string };

/** YAML 1.2, of which JSON is a part: no aliases, no tags, no names twice, one document. */
function read(text: string): Read {
  const document = parseDocument(text, {
    version: "1.2",
    schema: "core",
    merge: false,
    uniqueKeys: true,
    stringKeys: true,
    // Also those of YAML itself: bytes and sets are no JSON.
    resolveKnownTags: false,
  });
  const [wrong] = [...document.errors, ...document.warnings];
  if (wrong !== undefined) {
    const [message = ""] = wrong.message.split("\n", 1);
    return { ok: false, message: message.startsWith("Maximum call stack") ? "It is nested too deeply." : message };
  }
  try {
    return { ok: true, value: document.toJS({ maxAliasCount: 0 }) };
  } catch (error) {
    return { ok: false, message: error instanceof ReferenceError ? "Aliases are not taken." : "It cannot be read." };
  }
}

serveTasks({ read, write: (value: unknown) => stringify(value, { lineWidth: 0, sortMapEntries: true }) });
