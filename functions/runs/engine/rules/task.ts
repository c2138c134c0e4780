import type { Scope } from "../../../../shared/expressions/expression.ts";
import { isObject, type Json } from "../../../../shared/expressions/json.ts";
import { compileMapping } from "../../../../shared/expressions/mapping.ts";
import { compileTemplate } from "../../../../shared/expressions/template.ts";
import type { GraphNode } from "../../../pipelines/graph/public.ts";
import type { StepError } from "./outcome.ts";

/** What a task is to do, with every expression of its config filled in. */
export type Task =
  | { readonly kind: "agent"; readonly input: Json }
  | {
      readonly kind: "http";
      readonly method: string;
      readonly url: string;
      readonly headers: Readonly<Record<string, string>>;
      /** Undefined when there is none. */
      readonly body: Json | undefined;
    };

export type Prepared = { readonly ok: true; readonly task: Task } | { readonly ok: false; readonly error: StepError };

type TaskNode = Extract<GraphNode, { kind: Task["kind"] }>;

/** Carries the first error out of nested evaluations. */
class Refused extends Error {
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

async function map(mapping: Parameters<typeof compileMapping>[0], scope: Scope): Promise<Json | undefined> {
  const compiled = compileMapping(mapping);
  const result = compiled.ok ? await compiled.apply(scope) : compiled;
  if (!result.ok) throw new Refused(result.code, result.message);
  return result.value;
}

async function fill(text: string, scope: Scope, encode?: (value: string) => string): Promise<string> {
  const compiled = compileTemplate(text);
  const result = compiled.ok ? await compiled.render(scope, encode) : compiled;
  if (!result.ok) throw new Refused(result.code, result.message);
  return result.value;
}

/**
 * Evaluates a task's mappings and placeholders. Pure. Values in a URL are percent-encoded and values in a header must be printable:
 * data fills a place in a request and never adds a path, a parameter or a header of its own.
 */
export async function prepareTask(node: TaskNode, scope: Scope): Promise<Prepared> {
  try {
    if (node.kind === "agent") {
      const { input_mapping } = node.config;
      const input = input_mapping === undefined ? scope.input : ((await map(input_mapping, scope)) ?? null);
      return { ok: true, task: { kind: "agent", input } };
    }
    return { ok: true, task: await request(node.config, scope) };
  } catch (error) {
    if (error instanceof Refused) return { ok: false, error: { code: error.code, message: error.message } };
    throw error;
  }
}

const dotSegment = /\/(?:\.|%2e){1,2}(?:[/?#]|$)/i;

async function request(config: Extract<TaskNode, { kind: "http" }>["config"], scope: Scope): Promise<Task> {
  const filled = await fill(config.url ?? "", scope, (value) => encodeURIComponent(value.toWellFormed()));
  // A value of ".." would climb out of the path it was put into, percent-encoded or not.
  if (!URL.canParse(filled) || dotSegment.test(filled)) throw new Refused("url_invalid", "the url is not valid");
  const url = new URL(filled);
  for (const [name, value] of parameters(config.query === undefined ? undefined : await map(config.query, scope))) {
    url.searchParams.append(name, value);
  }
  const headers: Record<string, string> = {};
  for (const [name, text] of Object.entries(config.headers ?? {})) {
    const value = await fill(text, scope);
    if (/\p{Cc}/u.test(value))
      throw new Refused("header_invalid", `the header ${name} would contain control characters`);
    headers[name] = value;
  }
  const body = config.body === undefined ? undefined : await map(config.body, scope);
  return { kind: "http", method: config.method, url: url.href, headers, body };
}

/** Query parameters of an object: lists repeat the name, what is missing or null is left out. */
function parameters(query: Json | undefined): [string, string][] {
  if (query === undefined || query === null) return [];
  if (!isObject(query)) throw new Refused("query_invalid", "the query must be an object of parameters");
  return Object.entries(query).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value]).flatMap((item): [string, string][] => {
      if (item === null || item === undefined) return [];
      return [[name, typeof item === "string" ? item : JSON.stringify(item)]];
    }),
  );
}
