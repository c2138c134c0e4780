import * as z from "zod";
import { trusted } from "../bounded/trusted.ts";
import { errorCodes, Problem } from "../errors.ts";
import {
  API_BASE,
  type DocumentAnswer,
  type FileAnswer,
  type OperationShape,
  type Redirect,
  type ServerSentEvent,
} from "./operation.ts";

/** An answer ready to leave: text, bytes, or pieces that are sent as they come. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array | AsyncIterable<string>;
}

export const STANDARD_HEADERS = { "cache-control": "no-store", "x-content-type-options": "nosniff" } as const;

const problemIssueSchema = z
  .object({ path: z.string(), message: z.string(), code: z.string().optional() })
  .meta({ id: "ProblemIssue", description: "One thing that is wrong in what was sent." });

/** The problem document of a refusal (RFC 9457). */
export const problemSchema = z.looseObject({
  type: z.string(),
  title: z.string(),
  status: z.number().int(),
  detail: z.string(),
  remedy: z.string().meta({ description: "What can be done, by the code." }),
  code: z.enum(Object.keys(errorCodes) as [keyof typeof errorCodes]),
  request_id: z.string(),
  issues: z.array(problemIssueSchema).optional(),
});

export function problemAnswer(problem: Problem, request_id: string): Answer {
  const { status, title, remedy } = errorCodes[problem.code];
  const document = {
    type: `${API_BASE}/errors/${problem.code}`,
    title,
    status,
    detail: problem.detail,
    remedy,
    code: problem.code,
    request_id,
    ...problem.options.members,
    ...(problem.options.issues === undefined ? {} : { issues: problem.options.issues }),
  };
  return {
    status,
    headers: {
      ...STANDARD_HEADERS,
      "content-type": "application/problem+json",
      "x-request-id": request_id,
      ...problem.options.headers,
    },
    body: JSON.stringify(document),
  };
}

/** Everything that is not a Problem is a fault of ours; its text stays inside. */
export const toProblem = (error: unknown): Problem =>
  error instanceof Problem
    ? error
    : new Problem("internal_error", "The request could not be completed.", { cause: error });

/**
 * Renders a handler's output by the operation's declaration: undeclared members are dropped, `etag` becomes the ETag
 * header, a created thing gets its Location.
 */
export function render(operation: OperationShape, output: unknown, requestPath: string): Answer {
  const { response, media_types } = operation;
  const [type = ""] = media_types;
  if (response === "none") return { status: operation.success, headers: STANDARD_HEADERS, body: "" };
  if (response === "redirect") return redirection(operation, output as Redirect);
  if (response === "document") return documentAnswer(operation, output as DocumentAnswer);
  if (response === "file") return fileAnswer(operation, output as FileAnswer);
  if (response === "events") {
    if (output === null) return { status: 204, headers: STANDARD_HEADERS, body: "" };
    return {
      status: 200,
      headers: { ...STANDARD_HEADERS, "content-type": type, "x-accel-buffering": "no" },
      body: eventText(output as AsyncIterable<ServerSentEvent>),
    };
  }
  // What leaves is ours, or was checked when it came.
  const body = trusted(() => response.parse(output));
  const members = output as
    | { readonly etag?: unknown; readonly id?: unknown; readonly status?: unknown }
    | null
    | undefined;
  const goesOn = operation.unfinished?.some((status) => status === members?.status) ?? false;
  const status = goesOn ? 202 : operation.success;
  return {
    status,
    headers: {
      ...STANDARD_HEADERS,
      "content-type": type,
      ...(typeof members?.etag === "string" ? { etag: `"${members.etag}"` } : {}),
      ...location({ ...operation, success: status }, members, requestPath),
    },
    body: JSON.stringify(body),
  };
}

function location(
  operation: OperationShape,
  members: object | null | undefined,
  requestPath: string,
): Record<string, string> {
  if (operation.success !== 201 && operation.success !== 202) return {};
  const fields = (members ?? {}) as Readonly<Record<string, unknown>>;
  if (operation.location !== undefined) {
    const names = [...operation.location.matchAll(/\{(\w+)\}/g)].map(([, name = ""]) => name);
    // A dry run has made nothing that could be found.
    if (names.some((name) => fields[name] === null)) return {};
    return {
      location:
        API_BASE +
        operation.location.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(fields[name]))),
    };
  }
  return typeof fields.id === "string" ? { location: `${requestPath}/${fields.id}` } : {};
}

function fileAnswer({ id, media_types }: OperationShape, file: FileAnswer): Answer {
  if (!media_types.includes(file.content_type)) throw new Error(`${id} does not name the type ${file.content_type}`);
  if (file.unchanged) return { status: 304, headers: { ...STANDARD_HEADERS, ...file.headers }, body: "" };
  const disposition: Record<string, string> =
    file.filename === undefined
      ? {}
      : { "content-disposition": `attachment; filename="${file.filename.replaceAll(/[^\w.-]/g, "_")}"` };
  return {
    status: 200,
    headers: { ...STANDARD_HEADERS, "content-type": file.content_type, ...disposition, ...file.headers },
    body: file.content,
  };
}

function documentAnswer(
  { success, media_types }: OperationShape,
  { document, unchanged, headers }: DocumentAnswer,
): Answer {
  if (unchanged) return { status: 304, headers: { ...STANDARD_HEADERS, ...headers }, body: "" };
  if (document === null) return { status: 204, headers: { ...STANDARD_HEADERS, ...headers }, body: "" };
  return {
    status: success,
    headers: { ...STANDARD_HEADERS, "content-type": media_types[0] ?? "", ...headers },
    body: JSON.stringify(document),
  };
}

/** Where it came from is nobody's business there: addresses of a sign-in hold codes. */
const redirection = ({ success }: OperationShape, { location, cookie }: Redirect): Answer => ({
  status: success,
  headers: {
    ...STANDARD_HEADERS,
    location,
    "referrer-policy": "no-referrer",
    ...(cookie === undefined ? {} : { "set-cookie": cookie }),
  },
  body: "",
});

async function* eventText(events: AsyncIterable<ServerSentEvent>): AsyncGenerator<string> {
  for await (const event of events) {
    const id = event.id === undefined ? "" : `id: ${event.id}\n`;
    const retry = event.retry === undefined ? "" : `retry: ${event.retry}\n`;
    yield `${id}${retry}event: ${event.event}\ndata: ${JSON.stringify(event.data)}\n\n`;
  }
}
