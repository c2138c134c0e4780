import { cutText } from "../../../../shared/text.ts";
import { type NodeGroup, nodeGroups } from "../../graph/rules/kinds/kind.ts";
import { colours } from "./colours.ts";
import type { Scene, Shape } from "./scene.ts";

/** Letters that mean something to Mermaid, to Markdown inside its labels or to HTML; every other letter is itself. */
const SPECIAL = /[^\p{L}\p{M}\p{N} .,:/+=?!()-]/gu;

/**
 * A text within a quoted label: every letter that could end the quotation, begin a directive, a link, a comment or
 * HTML is
 * written by its number.
 */
const escaped = (text: string, most = 80): string =>
  cutText(text, most).replaceAll(SPECIAL, (letter) => `#${letter.codePointAt(0)};`);

const outlines: Record<Shape, readonly [open: string, close: string]> = {
  end: ["([", "])"],
  fork: ["{{", "}}"],
  join: ["[\\", "/]"],
  step: ["(", ")"],
  missing: ["[", "]"],
};

/** Classes of nodes: colours that can be read on light and dark grounds alike. */
const classes = (group: NodeGroup): string => {
  const { fill, line, text } = colours.light[group];
  return `  classDef ${group} fill:${fill},stroke:${line},color:${text},stroke-width:1.5px`;
};

/**
 * A graph as Mermaid's flow chart. Nodes are called by their place in the list (`n0`), since their ids may be words
 * that Mermaid keeps for itself.
 */
export function mermaidOf({ nodes, connections }: Scene, title: string, direction: "right" | "down"): string {
  const place = new Map(nodes.map(({ id }, i) => [id, `n${i}`]));
  const shown = nodes.map(({ label, caption, shape, group }, i) => {
    const [open, close] = outlines[shape];
    return `  n${i}${open}"${escaped(label)}<br/>${escaped(caption)}"${close}:::${group}`;
  });
  const arrows = connections.map(({ source, target, label, failure }) => {
    const arrow = failure ? "-.->" : "-->";
    return `  ${place.get(source)} ${arrow}${label === "" ? "" : `|"${escaped(label, 40)}"|`} ${place.get(target)}`;
  });
  return [
    "---",
    `title: ${JSON.stringify(cutText(title, 120).replaceAll(SPECIAL, " ")).replaceAll("---", " ")}`,
    "---",
    `flowchart ${direction === "right" ? "LR" : "TB"}`,
    ...shown,
    ...arrows,
    ...nodeGroups.filter((group) => nodes.some((node) => node.group === group)).map(classes),
    "",
  ].join("\n");
}
