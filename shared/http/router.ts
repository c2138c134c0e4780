import { fullPath, type OperationShape } from "./operation.ts";

interface Node {
  readonly fixed: Map<string, Node>;
  parameter?: { readonly node: Node };
  readonly methods: Map<string, { readonly operation: OperationShape; readonly names: readonly string[] }>;
}

export type Match =
  | { readonly found: true; readonly operation: OperationShape; readonly path: Record<string, string> }
  | {
      readonly found: false;
      /** Methods of the path; none when there is no such path. */
      readonly allow: readonly string[];
      /** What is wrong with the path's form. */
      readonly detail?: string;
    };

const node = (): Node => ({ fixed: new Map(), methods: new Map() });

/**
 * Finds the operation of a request's path in one walk over its segments. A fixed segment wins over a parameter. HEAD is
 * answered wherever GET is. A path has one form: with an empty segment or a slash at its end it is no path here, whatever
 * the gateway in front makes of it.
 */
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
    if (/.\/$|\/\//.test(path))
      return { found: false, allow: [], detail: "Paths have no slash at their end and none twice. Leave it out." };
    const segments = path.split("/").filter((s) => s !== "");
    const end = walk(root, segments, 0, []);
    if (end === undefined) return { found: false, allow: [] };
    const { methods } = end.node;
    const hit = methods.get(method) ?? (method === "HEAD" ? methods.get("GET") : undefined);
    if (hit === undefined) return { found: false, allow: [...methods.keys(), ...(methods.has("GET") ? ["HEAD"] : [])] };
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
