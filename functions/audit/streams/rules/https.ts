import type { Numbered } from "./sent.ts";

/** How a generic collector is sent entries: one a line, or as one array. */
export type BodyForm = "json_lines" | "json_array";

export const contentTypes: Readonly<Record<BodyForm, string>> = {
  json_lines: "application/x-ndjson",
  json_array: "application/json",
};

export function httpsBody(entries: readonly Numbered[], form: BodyForm): string {
  const texts = entries.map(({ text }) => text);
  return form === "json_array" ? `[${texts.join(",")}]` : `${texts.join("\n")}\n`;
}

/** The id of a request: the same for the same entries, however often they are sent. */
export const requestId = (stream_id: string, entries: readonly Numbered[]): string =>
  `${stream_id}_${entries[0]?.sequence ?? 0}_${entries.at(-1)?.sequence ?? 0}`;
