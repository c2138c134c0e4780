import type { ToolSnapshot } from "../../versions/rules/snapshot.ts";

/** A tool's configuration with the names of its secret headers in place of the headers. */
export const shownConfig = (config: ToolSnapshot["config"]): Record<string, unknown> =>
  "secret_headers" in config
    ? { ...config, secret_headers: Object.keys((config.secret_headers ?? {}) as object).sort() }
    : { ...config };
