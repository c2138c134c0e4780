import * as z from "zod";
import { trusted } from "../bounded/trusted.ts";
import { type Issue, Problem } from "../errors.ts";
import { inspectJson } from "../json.ts";
import { cutText } from "../text.ts";
import type { OperationShape } from "./operation.ts";
import type { ViewerPlace } from "./place.ts";
import { limits } from "./schemas.ts";
import { wordingOf } from "./wording.ts";

/** The raw parts of a request, as the gateway delivers them. */
export interface RawRequest {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
  /** The body's bytes are no UTF-8, so `body` is not what was sent. */
  readonly undecodable?: boolean;
  readonly ip: string;
  /** Where that address is, as the front says; nothing without one. */
  readonly place?: ViewerPlace | null;
  /** The API's own origin, as whoever sent the request wrote it: `https://studio.example.com`. */
  readonly origin?: string;
}

/** Reads the JSON body under the limits of size, depth and content type. Undefined when there is none. */
export function readJson(
  request: Pick<RawRequest, "body" | "headers" | "undecodable">,
  most_bytes: number = limits.request_bytes,
): unknown {
  if (request.body === undefined || request.body === "") return undefined;
  const bytes = Buffer.byteLength(request.body);
  if (bytes > most_bytes)
    throw new Problem("payload_too_large", `The body has ${bytes} bytes; the limit is ${most_bytes}.`);
  refuseOtherMedia(request.headers);
  if (request.undecodable)
    throw new Problem("malformed_json", "The body is not UTF-8. Send one JSON document in UTF-8.");
  return parseJsonText(request.body);
}

/** Refuses content types, charsets and codings that are not read here. @throws Problem `unsupported_media_type` */
function refuseOtherMedia(headers: RawRequest["headers"]): void {
  const refuse = (detail: string): never => {
    throw new Problem("unsupported_media_type", detail);
  };
  const [type = "", ...parameters] = (headers["content-type"] ?? "")
    .split(";")
    .map((part) => part.trim().toLowerCase());
  if (type !== "application/json" && !/^application\/[\w.-]+\+json$/.test(type))
    refuse(`The content type is ${type === "" ? "missing" : `\`${cutText(type, 100)}\``}; send \`application/json\`.`);
  for (const parameter of parameters) {
    const charset = /^charset\s*=\s*"?([^"]*)"?$/.exec(parameter)?.[1]?.trim();
    if (charset !== undefined && !UTF_8.has(charset))
      refuse(`The charset is \`${cutText(charset, 40)}\`; send the body in UTF-8.`);
  }
  const coding = (headers["content-encoding"] ?? "identity").trim().toLowerCase();
  if (coding !== "identity" && coding !== "")
    refuse(`The content encoding is \`${cutText(coding, 40)}\`; send the body without compression.`);
}

/** Names of UTF-8, and of the part of it that is ASCII. */
const UTF_8: ReadonlySet<string> = new Set(["utf-8", "utf8", "us-ascii", "ascii"]);

/**
 * Parses JSON text under the limits of depth and names; the size is the caller's to check. What could not be given back
 * as it was sent is refused: numbers beyond what is kept exactly, halves of characters, names that stand twice.
 * @throws Problem `validation_failed` or `malformed_json`
 */
export function parseJsonText(sent: string): unknown {
  // Windows programs begin a text with a byte order mark.
  const text = sent.startsWith("\ufeff") ? sent.slice(1) : sent;
  const depth = jsonDepth(text);
  if (depth > limits.json_depth) {
    throw new Problem("validation_failed", `The body is nested more than ${limits.json_depth} levels deep.`, {
      issues: [{ path: "body", message: `is nested deeper than ${limits.json_depth} levels` }],
    });
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new Problem("malformed_json", `The body is not valid JSON${placeOf(error, text)}.`);
  }
  const findings = inspectJson(text);
  if (findings.length > 0) throw invalid(findings.map(({ path, message }) => ({ path: path || "body", message })));
  return value;
}

/** Where the parser stopped, as line and column, where its message says so. */
function placeOf(error: unknown, text: string): string {
  if (text.trim() === "" || /Unexpected end/.test(error instanceof Error ? error.message : ""))
    return ": it ends too early";
  const at = /at position (\d+)/.exec(error instanceof Error ? error.message : "")?.[1];
  if (at === undefined) return "";
  const lines = text.slice(0, Number(at)).split("\n");
  return ` (line ${lines.length}, column ${(lines.at(-1)?.length ?? 0) + 1})`;
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
  if (schemas.body !== undefined) {
    const { body: schema } = schemas;
    const sent = readJson(request) ?? (request.method === "POST" ? {} : undefined);
    const parse = () => check(schema, sent, "", issues);
    body = operation.contents_apart ? trusted(parse) : parse();
  } else if (!/^(?:\{\s{0,100}\})?$/.test(request.body?.trim() ?? ""))
    issues.push({ path: "body", message: "is not taken by this operation" });
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

/** What is wrong with a value under a schema; empty when nothing is. */
export function issuesOf(schema: z.ZodType, value: unknown): Issue[] {
  const issues: Issue[] = [];
  check(schema, value, "", issues);
  return issues;
}

const NO_QUERY = z.strictObject({});

function queryObject(raw: string, issues: Issue[]): Record<string, string> {
  if (raw === "") return {};
  const values = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(raw)) {
    if (values.has(name)) issues.push({ path: `query.${name}`, message: "is given more than once" });
    // What is no UTF-8 behind its percent signs is decoded to this sign; nobody searches for it.
    if (`${name}${value}`.includes("\ufffd")) issues.push({ path: `query.${name}`, message: "is not UTF-8 text" });
    values.set(name, value);
  }
  // Not by assignment: a parameter named `__proto__` would be lost, and unknown ones are refused.
  return Object.fromEntries(values);
}

function check(schema: z.ZodType, value: unknown, place: string, issues: Issue[]): unknown {
  const result = schema.safeParse(value, { error: wordingOf });
  if (result.success) return result.data;
  for (const issue of result.error.issues) {
    if (issue.code === "unrecognized_keys") {
      for (const key of issue.keys)
        issues.push({ path: join(place, [...issue.path, key]), message: "is not a known field", code: issue.code });
    } else {
      // Of a name that a map does not take, the rule of its names says what is wrong.
      const message = issue.code === "invalid_key" ? issue.issues[0]?.message : undefined;
      issues.push({ path: join(place, issue.path), message: lowerFirst(message ?? issue.message), code: issue.code });
    }
  }
  return undefined;
}

const join = (place: string, path: readonly PropertyKey[]): string =>
  [...(place === "" ? [] : [place]), ...path.map(String)].join(".");
const lowerFirst = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1);
