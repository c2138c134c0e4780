/** The words of an HTML page: without scripts, styles, what is hidden, and markup. Pure; one pass, no tree. */
import { Parser } from "htmlparser2";
import { heading, mark, row, words } from "./lines.ts";

const SKIPPED = new Set(
  "script style noscript template svg math head iframe object embed canvas audio video select datalist".split(" "),
);
const BLOCKS = new Set(
  "address article aside blockquote body br caption dd details dialog div dl dt fieldset figcaption figure footer form header hr html legend li main nav ol p pre section summary table tbody tfoot thead tr ul".split(
    " ",
  ),
);

type Attributes = Readonly<Record<string, string>>;

const isHidden = ({ hidden, style = "", "aria-hidden": aria }: Attributes): boolean =>
  hidden !== undefined || aria === "true" || /(?:display\s*:\s*none|visibility\s*:\s*hidden)/i.test(style);

class Page {
  readonly #lines: string[] = [];
  readonly #lists: { ordered: boolean; count: number }[] = [];
  #line = "";
  #prefix = "";
  #skipped = 0;
  #tables = 0;
  #pre = 0;
  #cells: string[] | undefined;
  #page = 1;
  #marks = false;

  open(name: string, attributes: Attributes): void {
    if (this.#skipped > 0 || SKIPPED.has(name) || isHidden(attributes)) {
      this.#skipped++;
      return;
    }
    if (name === "table") this.#tables++;
    if (this.#inTable()) {
      this.#openInTable(name, attributes);
      return;
    }
    if (name === "ol" || name === "ul") this.#lists.push({ ordered: name === "ol", count: 0 });
    if (BLOCKS.has(name) || /^h[1-6]$/.test(name)) this.flush();
    if (name === "hr" && attributes.class === "page") this.#turn();
    if (name === "pre") this.#pre++;
    if (name === "li") this.#prefix = this.#bullet();
    if (/^h[1-6]$/.test(name)) this.#prefix = heading(Number(name.slice(1)), "");
  }

  close(name: string): void {
    if (this.#skipped > 0) {
      this.#skipped--;
      return;
    }
    if (this.#inTable()) {
      this.#closeInTable(name);
      return;
    }
    if (name === "ol" || name === "ul") this.#lists.pop();
    if (BLOCKS.has(name) || /^h[1-6]$/.test(name)) this.flush();
    if (name === "pre") this.#pre--;
  }

  text(text: string): void {
    if (this.#skipped > 0) return;
    if (this.#pre > 0 && !this.#inTable()) {
      const [first = "", ...more] = text.split("\n");
      this.#line += first;
      for (const line of more) {
        this.flush();
        this.#line = line;
      }
    } else this.#line += text;
  }

  /** Ends the line. */
  flush(): void {
    const line = this.#pre > 0 ? this.#line.trimEnd() : words(this.#line);
    this.#line = "";
    if (line.trim() === "") return;
    this.#lines.push(`${this.#prefix}${line}`);
    this.#prefix = "";
  }

  written(): string {
    this.flush();
    const text = this.#lines.join("\n");
    return this.#marks ? `${mark("page", 1)}\n${text}` : text;
  }

  #bullet(): string {
    const list = this.#lists.at(-1);
    if (list === undefined) return "- ";
    list.count++;
    return `${"  ".repeat(this.#lists.length - 1)}${list.ordered ? `${list.count}.` : "-"} `;
  }

  /** A page of a document ends here. */
  #turn(): void {
    this.#page++;
    this.#marks = true;
    this.#lines.push("", mark("page", this.#page));
  }

  #inTable(): boolean {
    return this.#tables > 0;
  }

  /** A table within a table is the words of its cell. */
  #openInTable(name: string, attributes: Attributes): void {
    if (this.#tables > 1) {
      this.#line += " ";
      return;
    }
    if (name === "table") this.flush();
    else if (name === "tr") {
      this.#endRow();
      this.#cells = [];
    } else if (name === "td" || name === "th") this.#line = "";
    else if (name === "hr" && attributes.class === "page") {
      this.#page++;
    } else if (name !== "caption") this.#line += BLOCKS.has(name) ? " " : "";
  }

  #closeInTable(name: string): void {
    if (name === "table") {
      this.#tables--;
      if (this.#tables === 0) this.#endRow();
      else this.#line += " ";
    } else if (this.#tables > 1) this.#line += " ";
    else if (name === "td" || name === "th") {
      this.#cells?.push(this.#line);
      this.#line = "";
    } else if (name === "tr") this.#endRow();
    else if (name === "caption") this.flush();
    else this.#line += BLOCKS.has(name) ? " " : "";
  }

  #endRow(): void {
    const line = this.#cells === undefined ? undefined : row(this.#cells);
    this.#cells = undefined;
    this.#line = "";
    if (line !== undefined) this.#lines.push(line);
  }
}

/** A page's words: headings and lists as in Markdown, tables as rows; an `hr` of the class `page` begins a page. */
export function htmlText(html: string): string {
  const page = new Page();
  const parser = new Parser({
    onopentag: (name, attributes) => page.open(name, attributes),
    onclosetag: (name) => page.close(name),
    ontext: (text) => page.text(text),
  });
  parser.end(html);
  return page.written();
}
