import type { GraphNode } from "./nodes.ts";

/** A graph as far as nesting goes: how long its own nodes may wait, and which graphs they run. */
export interface Nesting {
  readonly waits_seconds: number;
  readonly within: readonly { readonly node: GraphNode; readonly keys: readonly string[] }[];
}

/** How often one after the other a node runs its graph at most: side by side takes no time of its own. */
export function turnsOf({ kind, config }: GraphNode): number {
  if (kind === "loop") return config.max_iterations;
  return kind === "map" ? Math.ceil(config.max_items / config.concurrency) : 1;
}

/**
 * How deep graphs run within graphs, the outermost counted, and how long all of it may wait.
 * @param recursion the circle, where one runs within itself: then the numbers mean nothing
 */
export function nested(
  root: string,
  nestingOf: (key: string) => Nesting,
): { readonly depth: number; readonly waits_seconds: number; readonly recursion: readonly string[] | undefined } {
  const known = new Map<string, { depth: number; waits_seconds: number }>();
  const path: string[] = [];
  let recursion: readonly string[] | undefined;
  // A graph without its revision is the outermost: whatever revision of it is run within it would run it again.
  const same = (a: string, b: string) => a === b || (a === root && b.startsWith(`${root}/`));
  const visit = (key: string): { depth: number; waits_seconds: number } => {
    const before = known.get(key);
    if (before !== undefined) return before;
    const again = path.findIndex((one) => same(one, key));
    if (again !== -1) {
      recursion ??= [...path.slice(again), key];
      return { depth: 0, waits_seconds: 0 };
    }
    path.push(key);
    const { waits_seconds, within } = nestingOf(key);
    let depth = 0;
    let waits = waits_seconds;
    for (const { node, keys } of within)
      for (const inner of keys) {
        const found = visit(inner);
        depth = Math.max(depth, found.depth);
        waits += found.waits_seconds * turnsOf(node);
      }
    path.pop();
    const result = { depth: depth + 1, waits_seconds: waits };
    known.set(key, result);
    return result;
  };
  return { ...visit(root), recursion };
}
