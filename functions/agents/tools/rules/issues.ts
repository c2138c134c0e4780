import type { SchemaIssue } from "../../../../shared/json-schema/schema.ts";
import type { Outbound } from "../../../../shared/outbound/client.ts";
import type { ToolConfigInput } from "./definition.ts";
import { bodyIssues, endpointIssues, sampleUrl } from "./template.ts";

/** A compiler of bounded, pure JSONata expressions; errors are values. */
export type CompileExpression = (text: string) =>
  | {
      ok: true;
      evaluate: (
        scope: unknown,
      ) => Promise<{ ok: true; value: unknown } | { ok: false; code: string; message: string }>;
    }
  | { ok: false; code: string; message: string };

/** What is wrong with a tool beyond its shape: addresses, placeholders, expression. For the 422 when it is saved. */
export const toolIssues = (
  { tool_type, config }: ToolConfigInput,
  check: { checkUrl: Outbound["checkUrl"]; compile_expression: CompileExpression },
): SchemaIssue[] => {
  const urlIssue = (path: string, url: string): SchemaIssue[] => {
    const checked = check.checkUrl(url);
    return checked.ok ? [] : [{ path: `config.${path}`, message: checked.error.message }];
  };
  const under = (issues: SchemaIssue[]) => issues.map(({ path, message }) => ({ path: `config.${path}`, message }));
  const twice = (one: object, other: object): SchemaIssue[] => {
    const names = new Set(Object.keys(one).map((name) => name.toLowerCase()));
    return Object.keys(other)
      .filter((name) => names.has(name.toLowerCase()))
      .map((name) => ({ path: `config.secret_headers.${name}`, message: "is in headers, too" }));
  };
  switch (tool_type) {
    case "function": {
      const compiled = check.compile_expression(config.expression);
      return compiled.ok ? [] : [{ path: "config.expression", message: compiled.message }];
    }
    case "api": {
      const placeholders = endpointIssues(config.endpoint, config.parameters);
      return [
        ...under(placeholders),
        ...(placeholders.length > 0 ? [] : urlIssue("endpoint", sampleUrl(config.endpoint))),
        ...under(bodyIssues(config.body, config.parameters)),
        ...twice(config.headers, config.secret_headers),
      ];
    }
    case "mcp":
      return [...urlIssue("server", config.server), ...twice(config.headers, config.secret_headers)];
  }
};
