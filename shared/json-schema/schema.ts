import type { OutputUnit } from "@cfworker/json-schema";
import * as z from "zod";
import { isSmall } from "../bounded/size.ts";
import { isTrusted } from "../bounded/trusted.ts";
import { jsonSchema } from "../engines/packages.ts";
import { engines, SMALL } from "../engines/run.ts";
import { type Normalized, normalize, type SchemaIssue, schemaLimits } from "./normalize.ts";

export type { SchemaIssue } from "./normalize.ts";

/** Bounds of a value that is validated. */
export const valueLimits = { nodes: 5_000, depth: 32 } as const;

export type CompiledSchema = {
  ok: true;
  /**
   * What is wrong with the value, by path (dots); empty when it is valid. At most 20 issues. Schemas and values that are
   * not small meet in a thread that can be ended.
   */
  validate: (value: unknown) => Promise<SchemaIssue[]>;
};

/** Keywords whose error only says that one of the errors beside it happened further down. */
const summaries = new Set([
  "properties",
  "additionalProperties",
  "items",
  "prefixItems",
  "allOf",
  "contains",
  "if",
  "then",
  "else",
  "dependentSchemas",
  "unevaluatedProperties",
  "unevaluatedItems",
]);

const maxIssues = 20;

const dotted = (location: string): string =>
  location
    .replace(/^#\/?/, "")
    .split("/")
    .map((part) => decodeURIComponent(part).replaceAll("~1", "/").replaceAll("~0", "~"))
    .join(".");

const messageOf = ({ keyword, error }: OutputUnit): string => {
  if (keyword === "false") return "Not allowed here.";
  return keyword === "format" ? error.replace(/format "(pattern|format) /, '$1 "') : error;
};

/** The errors that say something, one for each cause. */
const readable = (errors: readonly OutputUnit[]): SchemaIssue[] => {
  const details = errors.filter(({ keyword }) => !summaries.has(keyword));
  // A property that is wrong in itself is reported once more as one that additionalProperties does not allow.
  const causes = details.filter(
    ({ keyword, instanceLocation: at }) =>
      keyword !== "false" ||
      !details.some(
        (other) =>
          other.keyword !== "false" && (other.instanceLocation === at || other.instanceLocation.startsWith(`${at}/`)),
      ),
  );
  const shown = causes.length > 0 ? causes : errors;
  return shown
    .slice(0, maxIssues)
    .map((error) => ({ path: dotted(error.instanceLocation), message: messageOf(error) }));
};

/** Whether the value is plain JSON within the bounds; a message when not. */
const valueProblem = (value: unknown): string | undefined => {
  let nodes = 0;
  const visit = (part: unknown, depth: number): string | undefined => {
    nodes += 1;
    if (nodes > valueLimits.nodes) return `has more than ${valueLimits.nodes} parts`;
    if (depth > valueLimits.depth) return `is nested deeper than ${valueLimits.depth} levels`;
    if (part === null || typeof part === "string" || typeof part === "boolean") return undefined;
    if (typeof part === "number") return Number.isFinite(part) ? undefined : "is not JSON";
    if (typeof part !== "object") return "is not JSON";
    for (const member of Object.values(part)) {
      const problem = visit(member, depth + 1);
      if (problem !== undefined) return problem;
    }
    return undefined;
  };
  return visit(value, 0);
};

/**
 * Compiles a JSON Schema (2020-12, the bounded part that `normalize` describes). Errors are values. Nothing of the schema is ever
 * run as code, and validating takes time that the limits bound.
 */
export const compileSchema = (document: unknown): CompiledSchema | { ok: false; issues: SchemaIssue[] } => {
  const text = valueProblem(document) === undefined ? JSON.stringify(document) : undefined;
  if (text === undefined || text.length > schemaLimits.text) {
    return { ok: false, issues: [{ path: "", message: `must be JSON of at most ${schemaLimits.text} characters` }] };
  }
  const { schema, checks, issues } = normalize(document);
  if (issues.length > 0) return { ok: false, issues };
  const small = text.length <= SMALL;
  const validate = async (value: unknown): Promise<SchemaIssue[]> => {
    const problem = valueProblem(value);
    if (problem !== undefined) return [{ path: "", message: problem }];
    if (small && isSmall(value, SMALL)) return issuesOf(schema, checks, value);
    const done = await engines.run<SchemaIssue[]>("schema_issues", { schema: document, value });
    return done.ok ? done.value : [{ path: "", message: "takes longer to check against its schema than a value may" }];
  };

  return { ok: true, validate };
};

/** Validates in the thread that asks, whatever the size: the work of a thread that can be ended. */
export const issuesHere = (document: unknown, value: unknown): SchemaIssue[] => {
  const { schema, checks, issues } = normalize(document);
  return issues.length > 0 ? issues : issuesOf(schema, checks, value);
};

const issuesOf = (schema: Normalized["schema"], checks: Normalized["checks"], value: unknown): SchemaIssue[] => {
  const { format: validatorFormats, Validator } = jsonSchema();
  const validator = new Validator(schema, "2020-12", false);
  // The validator finds named checks in one table of its package. Validating is synchronous, so nobody else sees ours in it.
  for (const [name, check] of checks) validatorFormats[name] = check;
  try {
    const { valid, errors } = validator.validate(value);
    return valid ? [] : readable(errors);
  } finally {
    for (const name of checks.keys()) delete validatorFormats[name];
  }
};

/** A JSON Schema as a field of a request: an object whose every problem becomes an issue with its path. */
export const jsonSchemaField = z.record(z.string(), z.unknown()).superRefine((value, context) => {
  if (isTrusted()) return;
  const compiled = compileSchema(value);
  if (compiled.ok) return;
  for (const issue of compiled.issues) {
    context.addIssue({
      code: "custom",
      message: issue.message,
      path: issue.path === "" ? [] : issue.path.split("."),
      input: value,
    });
  }
});
