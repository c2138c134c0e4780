import type { Handler } from "../../../shared/http/call.ts";
import type { RunReads } from "../deps.ts";
import { attemptsOf } from "../timeline/attempts.ts";
import type { tracingOperations } from "./operations.ts";
import { answerOf } from "./rules/answer.ts";
import { nameOf, spansOf } from "./spans.ts";

type Ops = typeof tracingOperations;

export const trace: Handler<Ops["trace"], RunReads> = async (call, deps) => {
  const table = deps.table.of(call.context.tenant);
  const loaded = await call.load();
  const [attempts, name] = await Promise.all([attemptsOf(table, loaded.run.id), nameOf(table, loaded.run)]);
  return answerOf(table.tenant, spansOf(loaded, attempts, name));
};
