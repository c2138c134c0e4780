import { cutText } from "../../../../shared/text.ts";
import {
  colours,
  LETTERS,
  linesOf,
  n,
  type Palette,
  type Theme,
  widthOf,
  xml,
} from "../../../pipelines/drawing/public.ts";
import { type NodeGroup, nodeGroups, nodeKinds } from "../../../pipelines/graph/public.ts";
import type { Timeline, TimelineItem } from "./timeline.ts";

const MARGIN = 28;
const HEAD = 78;
const LABELS = 190;
const CHART = 700;
/** Behind the longest bar, where its duration stands. */
const BEHIND = 90;
const ROW = 30;
const BAR = 16;
/** A bar that took no time is seen all the same. */
const LEAST = 3;
const TICKS = 8;

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Between marks of the axis. */
const STEPS = [
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500],
  ...[1, 2, 5, 10, 20].map((count) => count * SECOND),
  ...[0.5, 1, 2, 5, 10, 20].map((count) => count * MINUTE),
  ...[0.5, 1, 2, 4, 12].map((count) => count * HOUR),
  ...[1, 2, 5, 10, 20, 50].map((count) => count * DAY),
];

/** A duration in one or two units: `840 ms`, `3.2 s`, `2 min 5 s`, `3 d 4 h`. */
export function durationText(ms: number): string {
  if (ms < SECOND) return `${Math.round(ms)} ms`;
  if (ms < 10 * SECOND) return `${Math.round(ms / 100) / 10} s`;
  const units = [
    [DAY, "d", HOUR, "h"],
    [HOUR, "h", MINUTE, "min"],
    [MINUTE, "min", SECOND, "s"],
  ] as const;
  for (const [unit, name, part, part_name] of units) {
    const parts = Math.round(ms / part);
    if (parts * part < unit) continue;
    const [whole, rest] = [Math.floor((parts * part) / unit), parts % (unit / part)];
    return rest === 0 ? `${whole} ${name}` : `${whole} ${name} ${rest} ${part_name}`;
  }
  return `${Math.round(ms / SECOND)} s`;
}

const groupOf = (kind: string): NodeGroup =>
  Object.hasOwn(nodeKinds, kind) ? nodeKinds[kind as keyof typeof nodeKinds].group : "flow";

const rules = (palette: Palette): string =>
  [
    `.ground{fill:${palette.ground}}.title,.label{fill:${palette.title}}.caption,.took,.tick{fill:${palette.muted}}`,
    `.band{fill:${palette.card}}.grid{stroke:${palette.arrow}}.hatch{stroke:${palette.muted}}`,
    ...nodeGroups.map((group) => `.${group} .bar{fill:${palette[group].line}}`),
    // After the colours of groups, so that what failed is seen.
    `.failed .bar{fill:${palette.failure}}`,
  ].join("");

const FACE =
  LETTERS +
  ".title{font-size:17px;font-weight:650}.caption{font-size:12px}.label{font-size:12.5px;font-weight:600}.took,.tick{font-size:11px}" +
  ".tick{text-anchor:middle}.grid{stroke-width:1;opacity:.28}.hatch{stroke-width:2.2}.wait{fill:url(#wait)}.open{opacity:.55}";

const style = (theme: Theme): string =>
  theme === "auto"
    ? `${FACE}${rules(colours.light)}@media (prefers-color-scheme:dark){${rules(colours.dark)}}`
    : FACE + rules(colours[theme]);

/** What the picture is of. */
export interface TimelineHeading {
  readonly title: string;
  readonly caption: string;
}

/** A picture of when each step worked (its colour by its kind, red where it failed) and waited (hatched). Nothing in it runs. */
export function timelineSvg(timeline: Timeline, heading: TimelineHeading, theme: Theme): string {
  const rows = [...Map.groupBy(timeline.items, ({ node_id }) => node_id)];
  const total = Math.max(1, timeline.total_ms);
  const left = MARGIN + LABELS;
  const x = (ms: number): number => left + (Math.min(ms, total) / total) * CHART;
  const width = left + CHART + BEHIND + MARGIN;
  const bottom = MARGIN + HEAD + rows.length * ROW;
  const every = STEPS.find((step) => total / step <= TICKS) ?? 100 * DAY;
  const ticks = Array.from({ length: Math.floor(total / every) + 1 }, (_, i) => i * every);
  const [title = ""] = linesOf(heading.title, 17, width - 2 * MARGIN, 1);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${bottom + MARGIN}" viewBox="0 0 ${width} ${bottom + MARGIN}" role="img" aria-labelledby="t d">`,
    `<title id="t">${xml(cutText(heading.title, 200))}</title><desc id="d">${xml(heading.caption)}</desc>`,
    `<style>${style(theme)}</style>`,
    '<defs><pattern id="wait" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><line class="hatch" x1="0" y1="0" x2="0" y2="7"/></pattern></defs>',
    '<rect class="ground" width="100%" height="100%" rx="14"/>',
    `<text class="title" x="${MARGIN}" y="${MARGIN + 16}">${xml(title)}</text><text class="caption" x="${MARGIN}" y="${MARGIN + 36}">${xml(heading.caption)}</text>`,
    ...rows.map((_, i) =>
      i % 2 === 0
        ? `<rect class="band" x="${MARGIN - 8}" y="${MARGIN + HEAD + i * ROW}" width="${width - 2 * MARGIN + 16}" height="${ROW}" rx="6"/>`
        : "",
    ),
    ...ticks.map(
      (ms) =>
        `<line class="grid" x1="${n(x(ms))}" y1="${MARGIN + HEAD - 6}" x2="${n(x(ms))}" y2="${bottom}"/><text class="tick" x="${n(x(ms))}" y="${MARGIN + HEAD - 12}">${durationText(ms)}</text>`,
    ),
    ...rows.map(([node_id, items], i) => rowOf(node_id, items, MARGIN + HEAD + i * ROW, x)),
    "</svg>",
    "",
  ]
    .filter((part, i, all) => part !== "" || i === all.length - 1)
    .join("\n");
}

function rowOf(node_id: string, items: readonly TimelineItem[], y: number, x: (ms: number) => number): string {
  const [label = ""] = linesOf(node_id, 12.5, LABELS - 12, 1);
  const middle = y + ROW / 2;
  const spans = items.flatMap(({ work, wait }) => [work, wait].filter((span) => span !== null));
  const last = Math.max(...spans.map(({ end_ms }) => x(end_ms)));
  const took = spans.reduce((sum, { start_ms, end_ms }) => sum + end_ms - start_ms, 0);
  const said = `${durationText(took)}${items.length > 1 ? ` · ${items.length} attempts` : ""}`;
  const place = Math.min(last + 8, MARGIN + LABELS + CHART + BEHIND + MARGIN - 8 - widthOf(said, 11));
  return (
    `<text class="label" x="${MARGIN}" y="${n(middle + 4)}"><title>${xml(node_id)}</title>${xml(label)}</text>` +
    items.map((item) => barsOf(item, middle, x)).join("") +
    `<text class="took" x="${n(Math.max(place, last + 8))}" y="${n(middle + 4)}">${xml(said)}</text>`
  );
}

function barsOf(item: TimelineItem, middle: number, x: (ms: number) => number): string {
  const { kind, attempt, status, work, wait } = item;
  const open = status === "running" || status === "waiting" ? " open" : "";
  const bar = (name: string, { start_ms, end_ms }: { start_ms: number; end_ms: number }, said: string) =>
    `<rect class="${name}" x="${n(x(start_ms))}" y="${n(middle - BAR / 2)}" width="${n(Math.max(LEAST, x(end_ms) - x(start_ms)))}" height="${BAR}" rx="3"><title>${xml(said)}</title></rect>`;
  const of = `${kind}, attempt ${attempt}`;
  const worked =
    work === null ? "" : bar(`bar${open}`, work, `${of}: ${status} after ${durationText(work.end_ms - work.start_ms)}`);
  const waited =
    wait === null
      ? ""
      : bar("wait", wait, `${of}: waited ${durationText(wait.end_ms - wait.start_ms)} for ${waitNames[wait.for]}`);
  return `<g class="${groupOf(kind)}${status === "failed" ? " failed" : ""}">${waited}${worked}</g>`;
}

const waitNames = {
  retry: "its next attempt",
  time: "a time",
  approval: "a decision",
  runs: "runs of its own",
} as const;
