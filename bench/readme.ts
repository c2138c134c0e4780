import type { Benchmark, Row } from "./row.ts";

/** bench/README.md: the introduction, and for each benchmark what it does and its rows. */
export function readme(groups: readonly { benchmark: Benchmark; rows: readonly Row[] }[], intro: string): string {
  const sections = groups.map(
    ({ benchmark, rows }) =>
      `## ${benchmark.title}\n\n\`npm run bench -- ${benchmark.id}\`\n\n${benchmark.about.trim()}\n\n${table(rows)}`,
  );
  return `${intro.trim()}\n\n${sections.join("\n\n")}\n`;
}

function table(rows: readonly Row[]): string {
  const cells = rows.map((row) => [
    `\`${row.id}\``,
    row.what,
    `${row.ours}`,
    row.other === null ? "–" : `${row.other}`,
    row.unit,
    row.ratio === null ? "–" : `${row.ratio}`,
    row.goal ?? "context",
    row.met === null ? "" : row.met ? "yes" : "**no**",
    row.spread,
  ]);
  const head = ["id", "what", "ours", "other", "unit", "ratio", "goal", "met", "spread"];
  return [head, head.map(() => "---"), ...cells].map((columns) => `| ${columns.join(" | ")} |`).join("\n");
}
