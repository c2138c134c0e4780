import type { NodeGroup } from "../../graph/rules/kinds/kind.ts";

export const themes = ["auto", "light", "dark"] as const;
export type Theme = (typeof themes)[number];

/** What a group of kinds is drawn in. */
interface GroupColours {
  /** Behind the icon. */
  readonly fill: string;
  /** Around the node, and the icon. */
  readonly line: string;
  readonly text: string;
}

export type Palette = Readonly<
  Record<NodeGroup, GroupColours> & Record<"ground" | "card" | "title" | "muted" | "arrow" | "failure", string>
>;

/** Text stands at 4.5 to 1 at least against what is behind it (WCAG AA); test/unit/pipelines/drawing.test.ts counts. */
export const colours: Readonly<Record<"light" | "dark", Palette>> = {
  light: {
    flow: { fill: "#e2e8f0", line: "#64748b", text: "#334155" },
    agents: { fill: "#ede9fe", line: "#7c3aed", text: "#5b21b6" },
    values: { fill: "#ccfbf1", line: "#0d9488", text: "#115e59" },
    actions: { fill: "#fef3c7", line: "#d97706", text: "#92400e" },
    ground: "#f8fafc",
    card: "#ffffff",
    title: "#0f172a",
    muted: "#526077",
    arrow: "#94a3b8",
    failure: "#dc2626",
  },
  dark: {
    flow: { fill: "#334155", line: "#94a3b8", text: "#e2e8f0" },
    agents: { fill: "#3b1f7a", line: "#a78bfa", text: "#ddd6fe" },
    values: { fill: "#134e4a", line: "#2dd4bf", text: "#99f6e4" },
    actions: { fill: "#5a3410", line: "#fbbf24", text: "#fde68a" },
    ground: "#0b1220",
    card: "#172033",
    title: "#f1f5f9",
    muted: "#a3b1c6",
    arrow: "#64748b",
    failure: "#f87171",
  },
};
