import {
  commonLimits,
  handlesOf,
  type NodeKind,
  nodeKinds,
  nodeSchema,
} from "../../functions/pipelines/graph/public.ts";
import { code, generated, table } from "./markdown.ts";

const limitsText = (limits: Readonly<Record<string, number>>): string =>
  Object.entries(limits)
    .map(([name, most]) => `${code(name)} ${most.toLocaleString("en")}`)
    .join(", ");

function section(kind: NodeKind): string {
  const node = nodeSchema.parse({ id: kind.kind, kind: kind.kind, label: kind.kind, config: kind.example });
  const handles = handlesOf(node).map(code).join(", ");
  return [
    `## ${kind.kind}`,
    "",
    kind.summary,
    "",
    `- Inputs: ${{ none: "none", one: "one", many: "any number" }[kind.receives]}.`,
    `- Costs: ${kind.cost.words}`,
    ...(Object.keys(kind.limits).length === 0 ? [] : [`- At most: ${limitsText(kind.limits)}.`]),
    "",
    "```json",
    JSON.stringify(kind.example, null, 2),
    "```",
    "",
    handles === "" ? "Nothing leaves it." : `Left by ${handles}.`,
    "",
  ].join("\n");
}

/** docs/node-kinds.md: every kind of node, as it declares itself. */
export function renderNodeKinds(): string {
  const kinds: readonly NodeKind[] = Object.values(nodeKinds);
  return [
    generated("`functions/pipelines/graph/rules/kinds`"),
    "# Kinds of nodes",
    "",
    "What a pipeline's graph is made of. `GET /pipelines/node-kinds` tells the same, with the JSON Schema of each config.",
    `Every node may have ${code("timeout_ms")}, ${code("retry")} and ${code("on_failure")}; at most: ${limitsText(commonLimits)}.`,
    "",
    table(
      ["Kind", "Group", "What it does"],
      kinds.map(({ kind, group, summary }) => [`[${kind}](#${kind})`, group, summary]),
    ),
    "",
    ...kinds.map(section),
  ].join("\n");
}
