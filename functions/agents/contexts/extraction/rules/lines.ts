/** How what is read becomes text: paragraphs on lines, rows of tables between bars, marks that answers can cite. Pure. */

/** Words with single spaces between them. */
export const words = (text: string): string => text.replaceAll(/\s+/g, " ").trim();

/** Where a page, a slide or a sheet begins. */
export const mark = (kind: "page" | "slide" | "sheet", which: number | string): string =>
  `[${kind} ${typeof which === "number" ? which : JSON.stringify(which)}]`;

export const heading = (level: number, text: string): string =>
  `${"#".repeat(Math.min(6, Math.max(1, level)))} ${text}`;

/** A row of a table; undefined where nothing stands in it. A bar within a cell is escaped. */
export function row(cells: readonly string[]): string | undefined {
  const written = cells.map((cell) => words(cell).replaceAll("|", "\\|"));
  const last = written.findLastIndex((cell) => cell !== "");
  return last < 0 ? undefined : `| ${written.slice(0, last + 1).join(" | ")} |`;
}

/** Parts under their marks; those that are empty are left out. */
export const marked = (parts: readonly { readonly mark: string; readonly text: string }[]): string =>
  parts
    .filter(({ text }) => text.trim() !== "")
    .map((part) => `${part.mark}\n${part.text.trim()}`)
    .join("\n\n");
