import { fullPath, type OperationShape } from "./operation.ts";

interface Node {
  readonly fixed: Map<string, Node>;
  parameter?: { readonly node: Node };
  readonly methods: Map<string, { readonly operation: OperationShape; readonly names: readonly string[] }>;
}

export type Match =
  | { readonly found: true; readonly operation: OperationShape; readonly path: Record<string, string> }
  | { readonly found: false; readonly allow: readonly string[] };

const node = (): Node => ({ fixed: new Map(), methods: new Map() });

/** Finds the operation of a request's path in one walk over its segments. A fixed segment wins over a parameter. */
export function createRouter(operations: readonly OperationShape[]): (method: string, path: string) => Match {
  const root = node();
  for (const operation of operations) {
    let at = root;
    const names: string[] = [];
    for (const segment of fullPath(operation)
      .split("/")
      .filter((s) => s !== "")) {
      const name = /^\{(\w+)\}$/.exec(segment)?.[1];
      if (name !== undefined) {
        names.push(name);
        at.parameter ??= { node: node() };
        at = at.parameter.node;
      } else {
        const next = at.fixed.get(segment) ?? node();
        at.fixed.set(segment, next);
        at = next;
      }
    }
    at.methods.set(operation.method, { operation, names });
  }
  return (method, path) => {
    const segments = path.split("/").filter((s) => s !== "");
    const end = walk(root, segments, 0, []);
    if (end === undefined) return { found: false, allow: [] };
    const hit = end.node.methods.get(method);
    if (hit === undefined) return { found: false, allow: [...end.node.methods.keys()] };
    return {
      found: true,
      operation: hit.operation,
      path: Object.fromEntries(hit.names.map((name, i) => [name, end.values[i] ?? ""])),
    };
  };
}

function walk(
  at: Node,
  segments: readonly string[],
  i: number,
  values: readonly string[],
): { node: Node; values: readonly string[] } | undefined {
  const segment = segments[i];
  if (segment === undefined) return at.methods.size > 0 ? { node: at, values } : undefined;
  const fixed = at.fixed.get(segment);
  const straight = fixed === undefined ? undefined : walk(fixed, segments, i + 1, values);
  if (straight !== undefined || at.parameter === undefined) return straight;
  return walk(at.parameter.node, segments, i + 1, [...values, decode(segment)]);
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
