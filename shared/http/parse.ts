import * as z from "zod";
import { type Issue, Problem } from "../errors.ts";
import type { OperationShape } from "./operation.ts";
import { limits } from "./schemas.ts";

/** The raw parts of a request, as the gateway delivers them. */
export interface RawRequest {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
  readonly ip: string;
}

/** Reads the JSON body under the limits of size, depth and content type. Undefined when there is none. */
export function readJson(request: RawRequest): unknown {
  if (request.body === undefined || request.body === "") return undefined;
  if (Buffer.byteLength(request.body) > limits.request_bytes) {
    throw new Problem(
      "payload_too_large",
      `The body has ${Buffer.byteLength(request.body)} bytes; the limit is ${limits.request_bytes}.`,
    );
  }
  const type = (request.headers["content-type"] ?? "").split(";")[0]?.trim().toLowerCase() ?? "";
  if (type !== "application/json" && !type.endsWith("+json")) {
    throw new Problem(
      "unsupported_media_type",
      `The content type is ${type === "" ? "missing" : `\`${type.slice(0, 100)}\``}; send \`application/json\`.`,
    );
  }
  return parseJsonText(request.body);
}

/**
 * Parses JSON text under the limits of depth and names; the size is the caller's to check.
 * @throws Problem `validation_failed` or `malformed_json`
 */
export function parseJsonText(text: string): unknown {
  const depth = jsonDepth(text);
  if (depth > limits.json_depth) {
    throw new Problem("validation_failed", `The body is nested more than ${limits.json_depth} levels deep.`, {
      issues: [{ path: "body", message: `is nested deeper than ${limits.json_depth} levels` }],
    });
  }
  try {
    // The name can hide behind escapes; looking at every name costs time, so only where there are any.
    return JSON.parse(text, /__proto__|\\u00/.test(text) ? refuseProto : undefined);
  } catch (error) {
    if (error instanceof Problem) throw error;
    throw new Problem("malformed_json", "The body is not valid JSON.");
  }
}

function refuseProto(key: string, value: unknown): unknown {
  if (key !== "__proto__") return value;
  throw new Problem("validation_failed", "The body has a field named `__proto__`.", {
    issues: [{ path: "body.__proto__", message: "is not an allowed name" }],
  });
}

/** Greatest nesting of a JSON text, found without parsing it, so that a deep bomb costs one pass and no stack. */
export function jsonDepth(text: string): number {
  let depth = 0;
  let deepest = 0;
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (quoted) {
      if (c === 0x5c) i++;
      else if (c === 0x22) quoted = false;
    } else if (c === 0x22) quoted = true;
    else if (c === 0x7b || c === 0x5b) {
      depth++;
      if (depth > deepest) deepest = depth;
    } else if (c === 0x7d || c === 0x5d) depth--;
  }
  return deepest;
}

/**
 * Parses path, query and body together, so that every issue is reported at once with its place.
 * A path id that is malformed is 404 like any other id that does not exist.
 */
export function parseInput(operation: OperationShape, request: RawRequest, path: Readonly<Record<string, string>>) {
  const issues: Issue[] = [];
  const { request: schemas } = operation;
  let parsedPath: unknown = {};
  if (schemas.path !== undefined) {
    const result = schemas.path.safeParse(path);
    if (!result.success) throw new Problem("not_found", "There is no such resource.");
    parsedPath = result.data;
  }
  const query = check(schemas.query ?? NO_QUERY, queryObject(request.query, issues), "query", issues);
  let body: unknown;
  if (schemas.body !== undefined)
    body = check(schemas.body, readJson(request) ?? (request.method === "POST" ? {} : undefined), "", issues);
  else if (!/^(?:\{\s{0,100}\})?$/.test(request.body?.trim() ?? ""))
    issues.push({ path: "body", message: "this operation takes no body" });
  if (issues.length > 0) throw invalid(issues);
  return { path: parsedPath, query, body };
}

/** The refusal that reports all of these issues. */
export function invalid(issues: readonly Issue[]): Problem {
  const first = issues[0];
  const more = issues.length > 1 ? ` (and ${issues.length - 1} more)` : "";
  return new Problem(
    "validation_failed",
    `${first?.path === "" ? "The body" : `\`${first?.path}\``} ${first?.message}${more}.`,
    { issues },
  );
}

/**
 * Parses a value that only the handler could put together: a merged resource, an uploaded document.
 * @param place where the value stands, for the paths of issues; empty for the body itself
 * @throws Problem `validation_failed` with every issue
 */
export function parseValue<S extends z.ZodType>(schema: S, value: unknown, place = ""): z.output<S> {
  const issues: Issue[] = [];
  const parsed = check(schema, value, place, issues);
  if (issues.length > 0) throw invalid(issues);
  return parsed as z.output<S>;
}

const NO_QUERY = z.strictObject({});

function queryObject(raw: string, issues: Issue[]): Record<string, string> {
  if (raw === "") return {};
  const values = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(raw)) {
    if (values.has(name)) issues.push({ path: `query.${name}`, message: "is given more than once" });
    values.set(name, value);
  }
  // Not by assignment: a parameter named `__proto__` would be lost, and unknown ones are refused.
  return Object.fromEntries(values);
}

function check(schema: z.ZodType, value: unknown, place: string, issues: Issue[]): unknown {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  for (const issue of result.error.issues) {
    if (issue.code === "unrecognized_keys") {
      for (const key of issue.keys)
        issues.push({ path: join(place, [...issue.path, key]), message: "is not a known field", code: issue.code });
    } else issues.push({ path: join(place, issue.path), message: lowerFirst(issue.message), code: issue.code });
  }
  return undefined;
}

const join = (place: string, path: readonly PropertyKey[]): string =>
  [...(place === "" ? [] : [place]), ...path.map(String)].join(".");
const lowerFirst = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1);
