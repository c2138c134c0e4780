import * as z from "zod";
import { doorCodes } from "../../../shared/access/doors.ts";
import { type ErrorCode, errorCodes, Problem } from "../../../shared/errors.ts";
import { problemAnswer, problemSchema } from "../../../shared/http/answer.ts";
import { errorsOf, type OperationShape } from "../../../shared/http/operation.ts";
import { pascal } from "./components.ts";
import { type JsonObject, maybe } from "./json.ts";
import type { SchemaBook } from "./schema-book.ts";

/**
 * The problem answers of the document: one response and one schema for each set of codes that an operation gives with one
 * status. So a client's type of an operation's error has the codes that this operation can answer with, and no others.
 */
export class ProblemBook {
  readonly #schemas: SchemaBook;
  readonly #responses = new Map<string, JsonObject>();

  constructor(schemas: SchemaBook) {
    this.#schemas = schemas;
  }

  /** The refusals of an operation by status, as references to components. */
  of(operation: OperationShape): JsonObject {
    const byStatus = new Map<number, ErrorCode[]>();
    for (const code of errorsOf(operation)) {
      const { status } = errorCodes[code];
      byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
    }
    return Object.fromEntries(
      [...byStatus].map(([status, codes]) => [String(status), { $ref: this.#reference(status, codes.sort()) }]),
    );
  }

  components(): JsonObject {
    return Object.fromEntries([...this.#responses].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  #reference(status: number, codes: readonly ErrorCode[]): string {
    const name = [status, ...codes].join(".");
    if (!this.#responses.has(name)) this.#responses.set(name, this.#response(status, codes));
    return `#/components/responses/${name}`;
  }

  #response(status: number, codes: readonly ErrorCode[]): JsonObject {
    return {
      description: codes
        .map((code) => `\`${code}\`: ${errorCodes[code].title}. ${errorCodes[code].remedy}`)
        .join("\n\n"),
      headers: {
        "X-Request-Id": { $ref: "#/components/headers/X-Request-Id" },
        ...maybe(status === 405, { Allow: { $ref: "#/components/headers/Allow" } }),
        ...maybe(status === 429 || status === 503, { "Retry-After": { $ref: "#/components/headers/Retry-After" } }),
      },
      content: {
        "application/problem+json": {
          schema: this.#schemas.output(problemOf(status, codes), problemName(codes)),
          examples: Object.fromEntries(codes.map((code) => [code, { value: problemExample(code) }])),
        },
      },
    };
  }
}

/** Codes that come together wherever they come, and what both are about. */
const PAIRS = [
  ["RepeatedRequest", ["idempotency_conflict", "request_in_progress"]],
  ["Membership", ["membership_inactive", "organization_suspended"]],
  ["Door", doorCodes],
] as const satisfies readonly (readonly [string, readonly ErrorCode[]])[];

/** `NotFoundProblem`, `AlreadyExistsOrConflictProblem`. */
function problemName(codes: readonly ErrorCode[]): string {
  const pairs = PAIRS.filter(([, pair]) => pair.every((code) => codes.includes(code)));
  const paired: readonly ErrorCode[] = pairs.flatMap(([, pair]) => pair);
  const alone = codes.filter((code) => !paired.includes(code));
  return `${[...alone.map(pascal), ...pairs.map(([name]) => name)].join("Or")}Problem`;
}

/** What a refusal with one of these codes looks like. */
const problemOf = (status: number, codes: readonly ErrorCode[]): z.ZodType =>
  problemSchema
    .extend({ status: z.literal(status), code: z.enum(codes as [ErrorCode, ...ErrorCode[]]) })
    .meta({ description: "Why the request was refused (RFC 9457)." });

function problemExample(code: ErrorCode): JsonObject {
  const problem = new Problem(code, `${errorCodes[code].title}.`);
  const { body } = problemAnswer(problem, "req_01JDQ4X0Z5V8W3N7K2M9R6T1BC");
  return JSON.parse(String(body)) as JsonObject;
}
