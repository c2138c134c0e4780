import type * as z from "zod";
import { doorCodes } from "../access/doors.ts";
import type { Permission } from "../access/permissions.ts";
import type { ErrorCode } from "../errors.ts";
import type { RateClassName } from "../limits/classes.ts";
import type { Collection, Resource, ResourceType } from "./resource.ts";

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

/** Names in a path template: `/agents/{agent_id}` has `agent_id`. */
export type PathParameters<P extends string> = P extends `${string}{${infer Name}}${infer Rest}`
  ? Name | PathParameters<Rest>
  : never;

/** Who may call where no permission of the organization's is asked for. */
export const withoutPermission = ["authenticated", "operator", "directory", "public"] as const;
type WithoutPermission = (typeof withoutPermission)[number];

/**
 * Who may call: a permission, `authenticated` (anybody signed in, about themselves), `operator` (who runs the platform, in
 * no organization), `directory` (a company's directory, by a SCIM token), or `public` (no token).
 * There is no default: an operation cannot forget it.
 */
export type Access = Permission | WithoutPermission;

type Schema = z.ZodType;

/** Answers without a JSON body. */
export type BodylessResponse = "none" | "file" | "events" | "redirect" | "document";

const JSON_TYPE = "application/json";
const EVENT_STREAM = "text/event-stream; charset=utf-8";

export interface OperationShape {
  readonly id: string;
  readonly method: Method;
  readonly path: string;
  /** The path stands at the origin's root, not under the API's base path. */
  readonly root: boolean;
  readonly summary: string;
  readonly description?: string;
  readonly permission: Access;
  /**
   * Any one of these lets through as well: what was sent says which of them it needs, and the handler asks for those.
   * Without such a handler it would be a hole.
   */
  readonly or: readonly Permission[];
  /**
   * What its handler asks for besides (`call.may`), for a part of what was sent or of what it shows: policies are asked about these
   * permissions, too, and what they deny the caller may not.
   */
  readonly besides: readonly Permission[];
  /** What it is about: the thing its path names, or a collection. Absent where no permission is asked. */
  readonly resource: Resource | Collection | undefined;
  /** What the records of its page are, where they are things of another type than the one that its path names. */
  readonly lists?: ResourceType;
  readonly request: { readonly path?: z.ZodObject; readonly query?: z.ZodObject; readonly body?: Schema };
  readonly response: Schema | BodylessResponse;
  /** Every content type that a success can have, with its parameters. What is sent is one of these. */
  readonly media_types: readonly string[];
  readonly success: 200 | 201 | 202 | 204 | 302;
  /** Values of the answer's `status` with which it is not the last word: it leaves as 202, and goes on at its location. */
  readonly unfinished?: readonly string[];
  readonly errors: readonly ErrorCode[];
  /** Location of a created or accepted thing, when it is not the request's path and the id: `/runs/{id}`. */
  readonly location?: string;
  /** The field of the body that names the address to which events are sent from then on. */
  readonly events_to?: string;
  /** Which of the room's functions serves it; `stream` answers through a function URL with response streaming. */
  readonly served_by: string;
  /** The answer holds a secret that is shown once, or tokens: a stored answer to an idempotency key is encrypted. */
  readonly sensitive: boolean;
  /** The handler checks the patterns and schemas inside the body itself, in a thread that can be ended. */
  readonly contents_apart: boolean;
  /** The call has an effect outside our table: a second one with the same idempotency key waits instead of running too. */
  readonly outside_effect: boolean;
  /** It begins work that continues the trace which the request names; every request's is read, here it is said. */
  readonly continues_trace: boolean;
  /** Against which limit a minute it counts. */
  readonly rate_class: RateClassName;
  /** Whoever has a session has proved a factor in it within so many minutes. */
  readonly step_up?: number;
}

type PathSchema<P extends string> = [PathParameters<P>] extends [never]
  ? { path?: never }
  : { path: z.ZodObject<{ [K in PathParameters<P>]: Schema }> };

/** An operation that needs a permission says on what; the thing must be one that its path names. */
type About<A extends Access, P extends string, S> = A extends WithoutPermission
  ? { resource?: never }
  : { resource: S & (Resource<PathParameters<P>> | Collection) };

/** Nobody who is not known can have proved anything, and a directory is no person. */
type Proof<A extends Access> = A extends "public" | "directory" ? { step_up?: never } : { step_up?: number };

/** The content type of a file, and of another protocol's document, is known to its operation only. */
type Media<Res, F> = Res extends "file" | "document" ? { media_types: F } : { media_types?: never };

type Query = { query?: z.ZodObject };
type Body<M extends Method, B> = M extends "GET" | "DELETE" ? { body?: never } : { body?: B };

/**
 * Declares one operation: the only place that says what a route takes, gives, permits and refuses. Request parsing,
 * the permission check, the gateway's routes, the OpenAPI document, the permission matrix and the generated tests
 * derive from it.
 */
export function operation<
  const Id extends string,
  const M extends Method,
  const P extends `/${string}`,
  const R extends PathSchema<P> & Query & Body<M, B>,
  B extends Schema,
  const Res extends Schema | BodylessResponse,
  const A extends Access,
  const S = undefined,
  const F extends readonly [string, ...string[]] = never,
  const O extends readonly Permission[] = readonly [],
  const N extends readonly Permission[] = readonly [],
>(
  spec: {
    id: Id;
    method: M;
    path: P;
    root?: boolean;
    summary: string;
    description?: string;
    permission: A;
    lists?: ResourceType;
    request: R;
    response: Res;
    success: OperationShape["success"];
    errors: readonly ErrorCode[];
    location?: string;
    unfinished?: readonly string[];
    events_to?: string;
    served_by?: string;
    sensitive?: boolean;
    contents_apart?: boolean;
    outside_effect?: boolean;
    continues_trace?: boolean;
    /** Where it is another than follows from the rest. */
    rate_class?: RateClassName;
    or?: O;
    besides?: N;
  } & About<A, P, S> &
    Proof<A> &
    Media<Res, F>,
): Omit<
  OperationShape,
  "id" | "permission" | "or" | "besides" | "request" | "response" | "resource" | "media_types"
> & {
  readonly id: Id;
  readonly permission: A;
  readonly or: O;
  readonly besides: N;
  readonly request: R;
  readonly response: Res;
  readonly resource: S;
  readonly media_types: Res extends "file" | "document" ? F : readonly string[];
} {
  const { response } = spec;
  const types =
    response === "none" || response === "redirect" ? [] : [response === "events" ? EVENT_STREAM : JSON_TYPE];
  return {
    root: false,
    served_by: spec.response === "events" ? "stream" : "api",
    sensitive: false,
    contents_apart: false,
    outside_effect: false,
    continues_trace: false,
    rate_class: rateClassOf(spec),
    ...spec,
    or: spec.or ?? ([] as never),
    besides: spec.besides ?? ([] as never),
    media_types: (spec.media_types ?? types) as Res extends "file" | "document" ? F : readonly string[],
    resource: spec.resource as S,
  };
}

/** What begins work counts as such, also where it streams; before anybody is known, whatever is sent is a try. */
function rateClassOf(spec: {
  readonly method: Method;
  readonly permission: Access;
  readonly response: OperationShape["response"];
  readonly continues_trace?: boolean;
}): RateClassName {
  if (spec.continues_trace === true) return "execute";
  if (spec.response === "events") return "stream";
  if (spec.method === "GET") return "read";
  return spec.permission === "public" ? "sign_in" : "write";
}

/** The permissions that an operation names: policies are asked about these, so its handler asks for no other. */
export type Named<O extends OperationShape> =
  | Extract<O["permission"], Permission>
  | O["or"][number]
  | O["besides"][number];

/** What `call.load()` gives a handler of this operation. */
export type Loaded<O extends OperationShape> = O["resource"] extends { read(from: never): Promise<infer T> }
  ? Exclude<T, undefined>
  : never;

type Parsed<S> = S extends Schema ? z.output<S> : undefined;

/** The parsed parts of a request to an operation. */
export interface Input<O extends OperationShape> {
  readonly path: O["request"] extends { path: infer S } ? Parsed<S> : Record<never, never>;
  readonly query: O["request"] extends { query: infer S } ? Parsed<S> : Record<never, never>;
  readonly body: O["request"] extends { body: infer S } ? Parsed<S> : undefined;
}

/** A file answer: sent as it is, with a content type that its operation names. */
export interface FileAnswer<T extends string = string> {
  readonly content_type: T;
  readonly filename?: string;
  readonly content: string | Uint8Array | AsyncIterable<string>;
  /** The caller has it already as it is (304). */
  readonly unchanged?: boolean;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A JSON document as another protocol wants it: sent as it is, with headers of its own. */
export interface DocumentAnswer {
  /** null: done, and nothing is said of it (204). */
  readonly document: object | null;
  /** The caller has it already as it is (304). */
  readonly unchanged?: boolean;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Where a person's browser goes next, and what it is to remember. */
export interface Redirect {
  readonly location: string;
  /** A `Set-Cookie` header. */
  readonly cookie?: string;
}

/** One server-sent event. */
export interface ServerSentEvent {
  readonly id?: string;
  readonly event: string;
  readonly data: unknown;
  /** After how many milliseconds a client that lost the stream may come again. */
  readonly retry?: number;
}

/** What a handler of this operation returns. Members that the response schema does not declare are dropped. */
export type Output<O extends OperationShape> = O["response"] extends Schema
  ? z.input<O["response"]>
  : O["response"] extends "file"
    ? FileAnswer<O["media_types"][number]>
    : O["response"] extends "events"
      ? /** null: there is nothing to tell any more (204, by which a client knows not to come again). */
        AsyncIterable<ServerSentEvent> | null
      : O["response"] extends "redirect"
        ? Redirect
        : O["response"] extends "document"
          ? DocumentAnswer
          : undefined;

/**
 * Whether an answer can be remembered by an `Idempotency-Key`. Not where tokens are given to somebody unknown: a replay
 * would pass the throttle by and give tokens to whoever repeats the request. Directories' protocol knows no such key. A file
 * may be larger than what is remembered, and whoever takes it twice has it twice.
 */
export const takesIdempotencyKey = ({ method, response, permission, sensitive }: OperationShape): boolean =>
  method === "POST" &&
  response !== "events" &&
  response !== "file" &&
  permission !== "directory" &&
  !(permission === "public" && sensitive);

/** Errors that every operation of a kind may answer with, beyond those it names itself. */
export function errorsOf(operation: OperationShape): ErrorCode[] {
  const common: ErrorCode[] = [
    "rate_limited",
    "internal_error",
    "service_unavailable",
    "method_not_allowed",
    // Also where nothing is taken: unknown query parameters and bodies are refused everywhere.
    "validation_failed",
  ];
  common.push(...refusalsOf(operation.permission));
  if (operation.step_up !== undefined) common.push("step_up_required", "key_not_accepted");
  if (operation.request.path !== undefined) common.push("not_found");
  if (operation.request.body !== undefined)
    common.push("malformed_json", "unsupported_media_type", "payload_too_large");
  if (takesIdempotencyKey(operation)) common.push("idempotency_conflict", "request_in_progress");
  if (operation.request.query !== undefined && "cursor" in operation.request.query.shape) common.push("invalid_cursor");
  return [...new Set([...common, ...operation.errors])];
}

/** How whoever calls can be refused, by what is asked of them. */
function refusalsOf(access: Access): readonly ErrorCode[] {
  switch (access) {
    case "public":
      return [];
    case "directory":
      return ["unauthenticated", "organization_suspended", "address_not_allowed", "key_not_accepted"];
    case "authenticated":
      return [...KNOWN, "key_not_accepted"];
    case "operator":
      return [...KNOWN, "key_not_accepted", "forbidden", "sign_in_method_not_allowed", "mfa_enrolment_required"];
    default:
      return [...KNOWN, "forbidden", "policy_denied", "key_confined", ...doorCodes];
  }
}

const KNOWN: readonly ErrorCode[] = ["unauthenticated", "membership_inactive", "organization_suspended"];

export const API_BASE = "/api/v1";

/** The path template as a client writes it, from the origin on. */
export const fullPath = ({ path, root }: Pick<OperationShape, "path" | "root">): string =>
  root ? path : path === "/" ? API_BASE : API_BASE + path;
