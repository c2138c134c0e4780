import type { Handler } from "../../../shared/http/call.ts";
import type { ExchangeDeps } from "../deps.ts";
import type { operations } from "../operations.ts";
import { readYaml } from "../yaml/run.ts";
import { carriedIn } from "./carry.ts";

export const importDocument: Handler<(typeof operations)["importDocument"], ExchangeDeps> = async (call, deps) => {
  const { document } = call.body;
  const read = typeof document === "string" ? await readYaml(document) : document;
  return carriedIn(call, deps, { ...call.body, document: read }, (done) => done);
};
