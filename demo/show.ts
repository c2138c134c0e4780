import { stripVTControlCharacters } from "node:util";

/** How requests and answers look on the terminal: short, and without anything secret. */

const plain = process.env.NO_COLOR !== undefined || !process.stdout.isTTY;
const paint = (code: number) => (text: string) => (plain ? text : `\u001b[${code}m${text}\u001b[0m`);
export const bold = paint(1);
export const dim = paint(2);
export const green = paint(32);
export const red = paint(31);
export const cyan = paint(36);

/** Members whose values nobody should see on a screen. */
const concealed =
  /^(password|access_token|refresh_token|id_token|secret|client_secret|code_verifier)$|authorization|x-demo-key/i;
const longestText = 72;
/** Members and elements shown, by depth; deeper ones are only counted. */
const mostMembers = [9, 6, 4];
const mostElements = [4, 3, 2];

/** A value on one line: tokens and addresses of uploads shortened, long texts and lists cut. */
export function short(value: unknown, depth = 0): string {
  if (typeof value === "string") return JSON.stringify(cut(value));
  if (value === null || typeof value !== "object") return String(value);
  if (Array.isArray(value)) {
    const most = mostElements[depth];
    if (most === undefined) return `[${value.length}]`;
    const shown = value.slice(0, most).map((each) => short(each, depth + 1));
    return `[${[...shown, ...(value.length > most ? [`… ${value.length} in all`] : [])].join(", ")}]`;
  }
  const members = Object.entries(value).filter(([, each]) => each !== null && each !== undefined);
  const most = mostMembers[depth];
  if (most === undefined) return `{${members.length} members}`;
  const shown = members
    .slice(0, most)
    .map(([name, each]) => `${name}: ${concealed.test(name) ? conceal(each) : short(each, depth + 1)}`);
  return `{${[...shown, ...(members.length > most ? ["…"] : [])].join(", ")}}`;
}

const conceal = (value: unknown): string => (typeof value === "string" ? `"${value.slice(0, 6)}…"` : "…");
const cut = (text: string): string => {
  const line = text.replaceAll(/\s+/g, " ");
  return line.length > longestText ? `${line.slice(0, longestText)}…` : line;
};

/** A table with a header line; every column as wide as it must be. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const seen = (cell: string) => stripVTControlCharacters(cell).length;
  const widths = header.map((title, i) => Math.max(title.length, ...rows.map((row) => seen(row[i] ?? ""))));
  const fill = (cell: string, i: number) => cell + " ".repeat((widths[i] ?? 0) - seen(cell));
  const line = (cells: readonly string[]) => cells.map(fill).join("  ").trimEnd();
  return [bold(line(header)), dim(widths.map((width) => "─".repeat(width)).join("  ")), ...rows.map(line)].join("\n");
}
