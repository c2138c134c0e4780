import { cutText } from "../../../../shared/text.ts";
import { nodeGroups } from "../../graph/rules/kinds/kind.ts";
import { colours, type Palette, type Theme } from "./colours.ts";
import { type Placed, type PlacedConnection, type PlacedNode, type Point, sizes } from "./lay-out.ts";
import { linesOf, widthOf } from "./letters.ts";
import type { Direction, Heading } from "./picture.ts";
import { LETTERS, n, xml } from "./xml.ts";

const MARGIN = 28;
const HEAD = 64;
/** What is taken off at the corners of forks and joins. */
const CUT = 13;

/** Rules of one palette. Classes, no variables: whoever makes a bitmap of it may not know these. */
const rules = (palette: Palette): string =>
  [
    `.ground{fill:${palette.ground}}`,
    `.title,.label{fill:${palette.title}}`,
    `.caption,.said{fill:${palette.muted}}`,
    `.card{fill:${palette.card}}`,
    `.way{stroke:${palette.arrow}}.tip{fill:${palette.arrow}}`,
    `.failure{stroke:${palette.failure}}.failure-tip{fill:${palette.failure}}`,
    `.plate{fill:${palette.ground}}`,
    ...nodeGroups.map((group) => {
      const { fill, line, text } = palette[group];
      return `.${group} .card{stroke:${line}}.${group} .tile{fill:${fill}}.${group} .icon{color:${text}}`;
    }),
  ].join("");

const FACE =
  LETTERS +
  `.title{font-size:17px;font-weight:650}.head{font-size:12px}.label{font-size:${sizes.label}px;font-weight:600}` +
  `.caption,.said{font-size:${sizes.caption}px}.card{stroke-width:1.5}.way,.failure{fill:none;stroke-width:1.6}` +
  ".failure{stroke-dasharray:5 4}.missing .card{stroke-dasharray:4 4}.said{text-anchor:middle}";

const style = (theme: Theme): string =>
  theme === "auto"
    ? `${FACE}${rules(colours.light)}@media (prefers-color-scheme:dark){${rules(colours.dark)}}`
    : FACE + rules(colours[theme]);

/** The outline of a node around the middle 0,0. */
function outline({ shape, width, height }: PlacedNode, direction: Direction): string {
  const [w, h] = [width / 2, height / 2];
  if (shape === "end")
    return `<rect class="card" x="${n(-w)}" y="${n(-h)}" width="${n(width)}" height="${n(height)}" rx="${n(h)}"/>`;
  if (shape === "step" || shape === "missing")
    return `<rect class="card" x="${n(-w)}" y="${n(-h)}" width="${n(width)}" height="${n(height)}" rx="10"/>`;
  // A fork is pointed at both ends; a join is a funnel, narrow where it is left.
  const corners: readonly Point[] =
    shape === "fork"
      ? [
          { x: -w, y: 0 },
          { x: -w + CUT, y: -h },
          { x: w - CUT, y: -h },
          { x: w, y: 0 },
          { x: w - CUT, y: h },
          { x: -w + CUT, y: h },
        ]
      : direction === "right"
        ? [
            { x: -w, y: -h },
            { x: w - CUT, y: -h },
            { x: w, y: -h + CUT },
            { x: w, y: h - CUT },
            { x: w - CUT, y: h },
            { x: -w, y: h },
          ]
        : [
            { x: -w, y: -h },
            { x: w, y: -h },
            { x: w, y: h - CUT },
            { x: w - CUT, y: h },
            { x: -w + CUT, y: h },
            { x: -w, y: h - CUT },
          ];
  return `<path class="card" stroke-linejoin="round" d="M${corners.map(({ x, y }) => `${n(x)} ${n(y)}`).join("L")}Z"/>`;
}

function nodeOf(node: PlacedNode, direction: Direction, icons: ReadonlyMap<string, string>): string {
  const { width, height, lines, caption, icon, shape, group, at } = node;
  const left = -width / 2 + sizes.inset + (shape === "step" || shape === "missing" ? 0 : 7);
  const drawing = icons.get(icon);
  const text = left + (icon === "" ? 0 : sizes.tile + sizes.gap);
  const top = -height / 2 + 23;
  const tile =
    icon === ""
      ? ""
      : `<rect class="tile" x="${n(left)}" y="${-sizes.tile / 2}" width="${sizes.tile}" height="${sizes.tile}" rx="${shape === "end" ? sizes.tile / 2 : 8}"/>` +
        (drawing === undefined
          ? ""
          : `<svg class="icon" x="${n(left + 8)}" y="-9" width="18" height="18" viewBox="0 0 24 24">${drawing}</svg>`);
  const said = lines.map(
    (line, i) => `<text class="label" x="${n(text)}" y="${n(top + i * sizes.line)}">${xml(line)}</text>`,
  );
  const under = `<text class="caption" x="${n(text)}" y="${n(top + lines.length * sizes.line - 1)}">${xml(caption)}</text>`;
  return `<g class="${group}${shape === "missing" ? " missing" : ""}" transform="translate(${n(at.x)} ${n(at.y)})"><title>${xml(`${node.label} (${node.id})`)}</title>${outline(node, direction)}${tile}${said.join("")}${under}</g>`;
}

/** A curve through points that leaves and enters along the way of the picture. */
function curve(points: readonly Point[], direction: Direction): string {
  const [first, ...others] = points;
  if (first === undefined) return "";
  let from = first;
  let path = `M${n(from.x)} ${n(from.y)}`;
  for (const to of others) {
    const [dx, dy] = direction === "right" ? [(to.x - from.x) / 2, 0] : [0, (to.y - from.y) / 2];
    path += `C${n(from.x + dx)} ${n(from.y + dy)} ${n(to.x - dx)} ${n(to.y - dy)} ${n(to.x)} ${n(to.y)}`;
    from = to;
  }
  return path;
}

/** How much of a side connections may share, and how far apart they are on it. */
const SIDE = 0.62;
const APART = 15;

/**
 * Where each connection leaves and enters: at the sides that face the way of the picture, side by side in the order in
 * which they come from or go to. One that runs against it, as in a circle, keeps the ends that it was given.
 */
function ported({ nodes, connections }: Placed, direction: Direction): readonly (readonly Point[])[] {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const along = direction === "right" ? "x" : "y";
  const across = direction === "right" ? "y" : "x";
  const paths = connections.map(({ points }) => [...points]);
  const forward = connections.map(({ source, target }) => {
    const [from, to] = [byId.get(source), byId.get(target)];
    return from !== undefined && to !== undefined && from.at[along] < to.at[along];
  });
  for (const end of ["source", "target"] as const) {
    const at = Map.groupBy(
      connections.keys().filter((i) => forward[i]),
      (i) => connections[i]?.[end] ?? "",
    );
    for (const [id, own] of at) {
      const node = byId.get(id);
      if (node === undefined) continue;
      const next = (i: number): number => (end === "source" ? paths[i]?.[1] : paths[i]?.at(-2))?.[across] ?? 0;
      own.sort((a, b) => next(a) - next(b));
      const [long, side] = direction === "right" ? [node.width, node.height] : [node.height, node.width];
      const step = own.length < 2 ? 0 : Math.min(APART, (side * SIDE) / (own.length - 1));
      for (const [place, i] of own.entries()) {
        const aside = (place - (own.length - 1) / 2) * step;
        // The points of a fork: away from the middle its side is further back.
        const back = node.shape === "fork" && direction === "right" ? (CUT * Math.abs(aside)) / (side / 2) : 0;
        const out = long / 2 - back;
        const [a, b] = [node.at[along] + (end === "source" ? out : -out), node.at[across] + aside];
        const point = direction === "right" ? { x: a, y: b } : { x: b, y: a };
        const path = paths[i] ?? [];
        path[end === "source" ? 0 : path.length - 1] = point;
      }
    }
  }
  return paths;
}

const connectionOf = ({ failure, said, said_at }: PlacedConnection, path: readonly Point[], direction: Direction) => {
  const kind = failure ? "failure" : "way";
  const line = `<path class="${kind}" marker-end="url(#${kind})" d="${curve(path, direction)}"/>`;
  if (said === "") return { line, plate: "" };
  const width = widthOf(said, sizes.caption) + 12;
  const { x, y } = said_at;
  const plate =
    `<rect class="plate" x="${n(x - width / 2)}" y="${n(y - 9)}" width="${n(width)}" height="18" rx="9"/>` +
    `<text class="said" x="${n(x)}" y="${n(y + 4)}">${xml(said)}</text>`;
  return { line, plate };
};

const tip = (id: string, name: string): string =>
  `<marker id="${id}" viewBox="0 0 10 10" refX="8.5" refY="5" markerWidth="7" markerHeight="7" orient="auto-start-reverse"><path class="${name}" d="M1 1.2 9 5 1 8.8Z"/></marker>`;

/** The picture: an SVG document without scripts, links or anything from outside. */
export function svgOf(
  placed: Placed,
  heading: Heading,
  how: { readonly theme: Theme; readonly direction: Direction },
  icons: ReadonlyMap<string, string>,
): string {
  const { theme, direction } = how;
  const [title = ""] = linesOf(heading.title, 17, 640, 1);
  const width = Math.max(placed.width, widthOf(title, 17.5), widthOf(heading.caption, 12)) + 2 * MARGIN;
  const height = placed.height + HEAD + 2 * MARGIN;
  const paths = ported(placed, direction);
  const connections = placed.connections.map((one, i) => connectionOf(one, paths[i] ?? [], direction));
  const nodes = placed.nodes.map((node) => nodeOf(node, direction, icons));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${n(width)}" height="${n(height)}" viewBox="0 0 ${n(width)} ${n(height)}" role="img" aria-labelledby="t d">`,
    `<title id="t">${xml(cutText(heading.title, 200))}</title><desc id="d">${xml(heading.caption)}</desc>`,
    `<style>${style(theme)}</style>`,
    `<defs>${tip("way", "tip")}${tip("failure", "failure-tip")}</defs>`,
    `<rect class="ground" width="100%" height="100%" rx="14"/>`,
    `<text class="title" x="${MARGIN}" y="${MARGIN + 16}">${xml(title)}</text><text class="caption head" x="${MARGIN}" y="${MARGIN + 36}">${xml(heading.caption)}</text>`,
    `<g transform="translate(${MARGIN} ${MARGIN + HEAD})">`,
    ...connections.map(({ line }) => line),
    ...nodes,
    ...connections.map(({ plate }) => plate).filter((plate) => plate !== ""),
    "</g>",
    "</svg>",
    "",
  ].join("\n");
}
