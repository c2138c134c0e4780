import { errorCodes } from "../../shared/errors.ts";
import { errorsOf, type OperationShape } from "../../shared/http/operation.ts";
import { code, generated, table } from "./markdown.ts";

type Operations = readonly { readonly operation: OperationShape }[];

/** More operations than this, and the document says how many in place of which. */
const MOST_NAMED = 6;

/** docs/errors.md: every code with its status, what happened and what to do. */
export function renderErrors(operations: Operations): string {
  const rows = Object.entries(errorCodes)
    .sort(([a, x], [b, y]) => x.status - y.status || (a < b ? -1 : 1))
    .map(([name, { status, title, remedy }]) => {
      const users = operations.filter(({ operation }) => (errorsOf(operation) as string[]).includes(name));
      const where =
        users.length > MOST_NAMED
          ? `${users.length} operations`
          : users.map(({ operation }) => code(operation.id)).join(", ");
      return [code(name), String(status), title, remedy, where];
    });
  return [
    generated("`shared/errors.ts`"),
    "# Errors",
    "",
    "Every refusal is a problem document (RFC 9457, `application/problem+json`) with `type`, `title`, `status`, `detail`, `code` and",
    "`request_id`; refused input has `issues`, each with `path` and `message`. `type` leads to the page of the code. The list of codes is closed.",
    "",
    table(["Code", "Status", "What happened", "What to do", "Where"], rows),
    "",
  ].join("\n");
}
