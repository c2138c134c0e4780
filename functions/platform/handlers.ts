import type { Handler } from "../../shared/http/call.ts";
import type { apiOperations } from "./operations.ts";
import { version } from "./reference/rules/version.ts";

type Ops = typeof apiOperations;

export const root: Handler<Ops["root"], object> = async () => ({
  name: "Kaizen Studio",
  version,
  docs: "/docs",
  openapi: "/api/v1/openapi.json",
});

/** Counting the request against the address's limit has just written to the table: getting here is the check. */
export const health: Handler<Ops["health"], object> = async () => ({ status: "ok", version });
