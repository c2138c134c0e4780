import { STATUS_CODES } from "node:http";
import * as z from "zod";
import { type ErrorCode, errorCodes } from "../../../shared/errors.ts";
import { problemSchema } from "../../../shared/http/answer.ts";
import { errorsOf, type OperationShape } from "../../../shared/http/operation.ts";
import { pascal } from "./components.ts";
import { type JsonObject, maybe } from "./json.ts";
import type { SchemaBook } from "./schema-book.ts";

/**
 * The problem answers of the document: one response for each set of codes that share a status somewhere, one schema for
 * each status. So a client's type of an operation's error tells by `status` and `code` what can be.
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
        "application/problem+json": { schema: this.#schemas.output(problemOf(status), problemName(status)) },
      },
    };
  }
}

/** `NotFoundProblem` for 404. */
const problemName = (status: number): string => `${pascal(STATUS_CODES[status] ?? String(status))}Problem`;

/** What a refusal of this status looks like: its code is one of the list's with the same status. */
function problemOf(status: number): z.ZodType {
  const codes = Object.entries(errorCodes).flatMap(([code, error]) => (error.status === status ? [code] : []));
  return problemSchema
    .extend({ status: z.literal(status), code: z.enum(codes.sort() as [string, ...string[]]) })
    .meta({ description: "Why the request was refused (RFC 9457)." });
}
