const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

const escaped = (text: string): string => text.replaceAll(/[&<>"']/g, (char) => ENTITIES[char] ?? char);

/** An address of the web, without what ends the sentence around it. */
const ADDRESS = /https?:\/\/[^\s<>"']*[^\s<>"'.,;:!?)]/g;

/** A token that somebody may have to copy stands alone in its line. */
const TOKEN = /^\S{40,}$/;

function lineOf(line: string): string {
  if (TOKEN.test(line) && !line.includes("://")) return `<code style="word-break:break-all">${escaped(line)}</code>`;
  let html = "";
  let from = 0;
  for (const { 0: address, index } of line.matchAll(ADDRESS)) {
    const href = escaped(address);
    html += `${escaped(line.slice(from, index))}<a href="${href}" style="word-break:break-all">${href}</a>`;
    from = index + address.length;
  }
  return html + escaped(line.slice(from));
}

/**
 * The same mail as HTML: paragraphs where empty lines stand, links that can be followed, tokens that can be copied.
 * Nothing in it is loaded from anywhere, and nothing that people wrote is taken as markup.
 */
export function htmlOf(subject: string, lines: readonly string[], language: string): string {
  const paragraphs: string[][] = [[]];
  for (const line of lines) {
    if (line.trim() === "") paragraphs.push([]);
    else paragraphs.at(-1)?.push(lineOf(line));
  }
  const body = paragraphs
    .filter((paragraph) => paragraph.length > 0)
    .map((paragraph) => `<p>${paragraph.join("<br>\n")}</p>`)
    .join("\n");
  const style = "font:16px/1.5 system-ui,sans-serif;max-width:36em;margin:2em auto;padding:0 1em";
  return `<!doctype html>\n<html lang="${language}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escaped(subject)}</title></head>\n<body><div style="${style}">\n${body}\n</div></body></html>\n`;
}
