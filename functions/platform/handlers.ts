import type { Handler } from "../../shared/http/call.ts";
import type { operations } from "./operations.ts";
import { version } from "./version.ts";

type Ops = typeof operations;

/** Counting the request against the address's limit has just written to the table: getting here is the check. */
export const health: Handler<Ops["health"], object> = async () => ({ status: "ok", version });
