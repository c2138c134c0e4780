import * as z from "zod";

/** Names that would reach an object's prototype. No path, no key of a scope and no node id may be one of them. */
export const reservedNames: ReadonlySet<string> = new Set(["__proto__", "constructor", "prototype"]);

const MAX_PATH = 512;
const MAX_SEGMENTS = 24;
const segment = /^[^.[\]\p{Cc}]{1,128}$/u;

/**
 * The segments of a path: `input.items.0.name` and `input.items[0].name` are the same four segments.
 * Undefined when the text is not a path.
 */
export function parsePath(text: string): readonly string[] | undefined {
  if (text.length > MAX_PATH) return undefined;
  const segments = text.replace(/\[(\d{1,9})\]/g, ".$1").split(".");
  if (segments.length > MAX_SEGMENTS) return undefined;
  return segments.every((part) => segment.test(part) && !reservedNames.has(part)) ? segments : undefined;
}

/** The value at a path, or undefined. Only own members are read: never a prototype, never `length`. */
export function readPath(scope: unknown, segments: readonly string[]): unknown {
  let value = scope;
  for (const part of segments) {
    if (typeof value !== "object" || value === null) return undefined;
    if (Array.isArray(value)) {
      if (!/^\d{1,9}$/.test(part)) return undefined;
      value = value[Number(part)];
    } else {
      if (!Object.hasOwn(value, part)) return undefined;
      value = Object.getOwnPropertyDescriptor(value, part)?.value;
    }
  }
  return value;
}

/** What may stand at the beginning of a path: tells what is wrong with the segments, or nothing. */
export type PathRule = (segments: readonly string[]) => string | undefined;

/** Paths inside a pipeline's graph: `input.…`, `run.input.…`, `steps.<node id>.output.…`. */
export const graphPaths: PathRule = ([root, second, third]) => {
  if (root === "input") return undefined;
  if (root === "run" && second === "input") return undefined;
  if (root === "steps" && second !== undefined && third === "output") return undefined;
  return "must begin with `input`, `run.input` or `steps.<node id>.output`";
};

/** A rule for scopes whose members are fixed, such as the `principal`, `resource`, `context` and `time` of a policy. */
export const rootedPaths =
  (roots: readonly string[]): PathRule =>
  ([root]) =>
    root !== undefined && roots.includes(root)
      ? undefined
      : `must begin with ${roots.map((name) => `\`${name}\``).join(", ")}`;

/** The step a path of a graph reads, if it reads one. */
export function stepOfPath(path: string): string | undefined {
  const [root, id] = parsePath(path) ?? [];
  return root === "steps" ? id : undefined;
}

/** Schema of a path under a rule. */
export const pathSchema = (rule: PathRule) =>
  z
    .string()
    .min(1)
    .max(MAX_PATH)
    .superRefine((text, context) => {
      const segments = parsePath(text);
      const problem =
        segments === undefined
          ? `must be names joined by dots, at most ${MAX_SEGMENTS}; array members by index; no ${[...reservedNames].join(", ")}`
          : rule(segments);
      if (problem !== undefined) context.addIssue({ code: "custom", message: problem, input: text });
    });
