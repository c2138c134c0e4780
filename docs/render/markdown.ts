/** The note at the head of every generated document. */
export const generated = (source: string): string =>
  `<!-- Written by \`npm run docs\` from ${source}. Change it there. -->`;

/** A table; cells hold Markdown. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

export const code = (text: string): string => `\`${text}\``;
