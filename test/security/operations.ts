import { expect } from "vitest";
import { allOperations } from "../../functions/operations.ts";
import { errorCodes } from "../../shared/errors.ts";
import { errorsOf, type OperationShape } from "../../shared/http/operation.ts";
import { type ApiAnswer, type CallOptions, call } from "../support/api.ts";
import { callInside } from "./inside.ts";

export const operations: readonly OperationShape[] = allOperations.map(({ operation }) => operation);

/** What operators of the platform do. */
export const operated = operations.filter(({ permission }) => permission === "operator");

/** What companies' directories do. */
export const provisioned = operations.filter(({ permission }) => permission === "directory");

/** Everything else that needs to know who calls. */
export const guarded = operations.filter(({ permission }) => !["public", "operator", "directory"].includes(permission));

/** Everything that needs a permission. */
export const permitted = guarded.filter(({ permission }) => permission !== "authenticated");

/** As rows of a table of tests: the id first, so that the test's name tells the operation. */
export const rows = (list: readonly OperationShape[]) => list.map((operation) => [operation.id, operation] as const);

export const parametersOf = ({ path }: OperationShape): string[] =>
  [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? "");

/** Below the API's base, whose own path ends without a slash. */
export const pathOf = ({ path }: OperationShape, ids: Readonly<Record<string, string>>): string =>
  (path === "/" ? "" : path).replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(ids[name] ?? ""));

export const statusesOf = (operation: OperationShape): ReadonlySet<number> =>
  new Set([
    operation.success,
    ...(operation.unfinished === undefined ? [] : [202]),
    ...errorsOf(operation).map((code) => errorCodes[code].status),
  ]);

/** Asked over HTTP in every test: every tenth, and what has no function behind the gateway in this process. */
const overHttp = new Set(operations.filter(({ served_by }, i) => i % 10 === 0 || served_by !== "api"));

/** Calls an operation. Whatever the test is about: it never answers with a status that it does not promise. */
export async function request(
  operation: OperationShape,
  ids: Readonly<Record<string, string>>,
  options: CallOptions & { readonly query?: string } = {},
): Promise<ApiAnswer> {
  const query = options.query === undefined ? "" : `?${options.query}`;
  const path = `${pathOf(operation, ids)}${query}`;
  const answer = await (overHttp.has(operation)
    ? call(operation.method, path, options)
    : callInside(operation, path, options));
  expect([...statusesOf(operation)], `${operation.id} does not promise ${answer.status}: ${answer.text}`).toContain(
    answer.status,
  );
  return answer;
}

/** A problem document without what is different in every answer. */
export const plain = ({ status, body }: ApiAnswer) => {
  const { request_id, ...rest } = body;
  return { status, body: rest };
};
