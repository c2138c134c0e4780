import { Parser } from "htmlparser2";
import { extractionLimits, Unreadable } from "./rules/failures.ts";
import { heading, mark, marked, row, words } from "./rules/lines.ts";
import { type OfficeParts, officeParts } from "./rules/parts.ts";

const PARTS =
  /^ppt\/(?:_rels\/)?presentation\.xml(?:\.rels)?$|^ppt\/(?:slides|notesSlides)\/(?:_rels\/)?\w+\.xml(?:\.rels)?$/;

type Attributes = Readonly<Record<string, string>>;

/** Goes through XML without a tree. Entities other than XML's own five and numbers stay as they are. */
function walk(
  xml: string,
  to: {
    open?: (name: string, attributes: Attributes) => void;
    close?: (name: string) => void;
    text?: (text: string) => void;
  },
): void {
  const parser = new Parser(
    {
      onopentag: (name, attributes) => to.open?.(name, attributes),
      onclosetag: (name) => to.close?.(name),
      ontext: (text) => to.text?.(text),
    },
    { xmlMode: true },
  );
  parser.end(xml);
}

/** What a part refers to, by the id of the reference. Addresses outside the file are none. */
function relations(parts: OfficeParts, folder: string, name: string): Map<string, { type: string; target: string }> {
  const found = new Map<string, { type: string; target: string }>();
  walk(parts[`${folder}/_rels/${name}.rels`] ?? "", {
    open(tag, { Id = "", Target = "", Type = "", TargetMode }) {
      if (tag !== "Relationship" || TargetMode === "External") return;
      const target = new URL(Target, `file:///${folder}/`).pathname.slice(1);
      found.set(Id, { type: Type.slice(Type.lastIndexOf("/") + 1), target });
    },
  });
  return found;
}

/** Shapes that stand on every slide alike. */
const REPEATED = new Set(["sldNum", "dt", "ftr", "hdr", "sldImg"]);

/** The words of a slide or of its notes: titles as headings, tables as rows. */
function slideText(xml: string): string {
  const lines: string[] = [];
  let [line, kind, inText, cells] = ["", "", false, undefined as string[] | undefined];
  const end = () => {
    const text = words(line);
    line = "";
    if (text === "" || REPEATED.has(kind)) return;
    lines.push(kind === "title" || kind === "ctrTitle" ? heading(2, text) : text);
  };
  /** Within a table, paragraphs are words of their cell. */
  const endParagraph = () => {
    if (cells === undefined) end();
    else line += " ";
  };
  walk(xml, {
    open(name, { type = "body" }) {
      if (name === "p:sp") kind = "";
      else if (name === "p:ph") kind = type;
      else if (name === "a:t") inText = true;
      else if (name === "a:br") line += " ";
      else if (name === "a:tr") cells = [];
    },
    close(name) {
      if (name === "a:t") inText = false;
      else if (name === "p:sp") kind = "";
      else if (name === "a:p") endParagraph();
      else if (name === "a:tc") {
        cells?.push(line);
        line = "";
      } else if (name === "a:tr") {
        const written = row(cells ?? []);
        cells = undefined;
        if (written !== undefined) lines.push(written);
      }
    },
    text(text) {
      if (inText) line += text;
    },
  });
  return lines.join("\n");
}

/** The text of a PowerPoint presentation: its slides in their order, each with its notes. @throws Unreadable */
export function powerPointText(bytes: Uint8Array): string {
  const parts = officeParts(bytes, PARTS);
  const presentation = parts["ppt/presentation.xml"];
  if (presentation === undefined) throw new Unreadable("wrong_media_type");
  const refers = relations(parts, "ppt", "presentation.xml");
  const slides: string[] = [];
  walk(presentation, {
    open(name, attributes) {
      const target = name === "p:sldId" ? refers.get(attributes["r:id"] ?? "")?.target : undefined;
      if (target !== undefined) slides.push(target);
    },
  });
  if (slides.length > extractionLimits.pages) throw new Unreadable("too_many_pages");
  return marked(
    slides.map((slide, i) => {
      const name = slide.slice(slide.lastIndexOf("/") + 1);
      const notes = [...relations(parts, "ppt/slides", name).values()].find(({ type }) => type === "notesSlide");
      const said = notes === undefined ? "" : slideText(parts[notes.target] ?? "");
      const text = slideText(parts[slide] ?? "");
      return { mark: mark("slide", i + 1), text: said === "" ? text : `${text}\nNotes:\n${said}` };
    }),
  );
}
