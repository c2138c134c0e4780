import { type ErrorCode, errorCodes } from "../../../shared/errors.ts";
import { problemSchema } from "../../../shared/http/answer.ts";
import { errorsOf, type OperationShape } from "../../../shared/http/operation.ts";
import { type JsonObject, maybe } from "./json.ts";
import type { SchemaBook } from "./schema-book.ts";

/** The problem answers of the document: one component for each set of codes that share a status somewhere. */
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
    const problem = this.#schemas.output(problemSchema);
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
          schema: { allOf: [problem, { properties: { status: { const: status }, code: { enum: [...codes] } } }] },
        },
      },
    };
  }
}
