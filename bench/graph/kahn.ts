import type { Graph } from "../../functions/pipelines/graph/public.ts";

/** The textbook on typed arrays: whether a graph has no cycle, and nothing else about it. */
export function kahn({ nodes, connections }: Graph): boolean {
  const n = nodes.length;
  const m = connections.length;
  const position = new Map<string, number>();
  for (let i = 0; i < n; i++) position.set(nodes[i]?.id ?? "", i);
  const source = new Int32Array(m);
  const target = new Int32Array(m);
  const start = new Int32Array(n + 1);
  const waiting = new Int32Array(n);
  for (let e = 0; e < m; e++) {
    const connection = connections[e];
    const from = position.get(connection?.source ?? "") ?? 0;
    const to = position.get(connection?.target ?? "") ?? 0;
    source[e] = from;
    target[e] = to;
    start[from + 1] = (start[from + 1] ?? 0) + 1;
    waiting[to] = (waiting[to] ?? 0) + 1;
  }
  for (let i = 0; i < n; i++) start[i + 1] = (start[i + 1] ?? 0) + (start[i] ?? 0);
  const out = new Int32Array(m);
  const next = start.slice();
  for (let e = 0; e < m; e++) {
    const from = source[e] ?? 0;
    const at = next[from] ?? 0;
    out[at] = target[e] ?? 0;
    next[from] = at + 1;
  }
  const queue = new Int32Array(n);
  let length = 0;
  for (let i = 0; i < n; i++) if (waiting[i] === 0) queue[length++] = i;
  for (let head = 0; head < length; head++) {
    const node = queue[head] ?? 0;
    for (let k = start[node] ?? 0; k < (start[node + 1] ?? 0); k++) {
      const to = out[k] ?? 0;
      const left = (waiting[to] ?? 0) - 1;
      waiting[to] = left;
      if (left === 0) queue[length++] = to;
    }
  }
  return length === n;
}
