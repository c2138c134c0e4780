import { shownConfig } from "../../tools/rules/shown.ts";
import type { SnapshotContent } from "./snapshot.ts";

/** What differs between two versions. Pure; of secret headers only that they changed is told, never their values. */

interface FieldDifference {
  readonly field: string;
  readonly old: unknown;
  readonly new: unknown;
}

interface PartDifference {
  readonly id: string;
  readonly name: string;
  readonly change: "added" | "removed" | "changed";
  readonly fields: FieldDifference[];
}

export interface Difference {
  readonly definition: FieldDifference[];
  readonly contexts: PartDifference[];
  readonly tools: PartDifference[];
}

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

function fields(old: object, next: object): FieldDifference[] {
  const before = old as Readonly<Record<string, unknown>>;
  const after = next as Readonly<Record<string, unknown>>;
  return [...new Set([...Object.keys(before), ...Object.keys(after)])]
    .filter((field) => !same(before[field], after[field]))
    .map((field) => ({ field, old: before[field] ?? null, new: after[field] ?? null }));
}

interface Part {
  readonly id: string;
  readonly name: string;
}

function parts<P extends Part>(
  old: readonly P[],
  next: readonly P[],
  differ: (a: P, b: P) => FieldDifference[],
): PartDifference[] {
  const before = new Map(old.map((part) => [part.id, part]));
  const after = new Set(next.map(({ id }) => id));
  const named = ({ id, name }: P) => ({ id, name });
  return [
    ...old
      .filter(({ id }) => !after.has(id))
      .map((part) => ({ ...named(part), change: "removed" as const, fields: [] })),
    ...next.flatMap((part): PartDifference[] => {
      const was = before.get(part.id);
      if (was === undefined) return [{ ...named(part), change: "added", fields: [] }];
      const changed = differ(was, part);
      return changed.length === 0 ? [] : [{ ...named(part), change: "changed", fields: changed }];
    }),
  ];
}

type Context = SnapshotContent["contexts"][number];
type Tool = SnapshotContent["tools"][number];

/** Texts are told apart by where they are kept, which their content decides; they are not repeated here. */
const contextFields = (old: Context, next: Context): FieldDifference[] => {
  const { content: a, ...before } = old;
  const { content: b, ...after } = next;
  const texts = same(a, b) ? [] : [{ field: "content", old: old.content_bytes, new: next.content_bytes }];
  return [...fields(before, after).filter(({ field }) => field !== "content_bytes" || texts.length === 0), ...texts];
};

const toolFields = (old: Tool, next: Tool): FieldDifference[] => {
  const shown = fields({ ...old, config: undefined }, { ...next, config: undefined });
  const config = fields(shownConfig(old.config), shownConfig(next.config)).map((one) => ({
    ...one,
    field: `config.${one.field}`,
  }));
  const secrets = same(old.config.secret_headers, next.config.secret_headers)
    ? []
    : [{ field: "config.secret_headers", old: "(stored)", new: "(changed)" }];
  return [...shown, ...config.filter(({ field }) => field !== "config.secret_headers"), ...secrets];
};

const NOTHING: SnapshotContent["contexts"] = [];

const concealed = (one: FieldDifference): FieldDifference =>
  one.field === "system_prompt" ? { ...one, old: "(stored)", new: "(changed)" } : one;

/**
 * From one content to another; from nothing, everything is new.
 * @param prompts whether to tell what prompts say, or only that they differ
 */
export function difference(
  old: SnapshotContent | undefined,
  next: SnapshotContent,
  { prompts }: { readonly prompts: boolean },
): Difference {
  const definition = fields(old?.definition ?? {}, next.definition);
  return {
    definition: prompts ? definition : definition.map(concealed),
    contexts: parts(old?.contexts ?? NOTHING, next.contexts, contextFields),
    tools: parts(old?.tools ?? [], next.tools, toolFields),
  };
}
