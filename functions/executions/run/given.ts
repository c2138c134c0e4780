import { answerWrites, keptAnswers } from "../../usage/public.ts";
import type { AgentRunDeps, AgentRunInput } from "./agent.ts";

/** There is one of each kind. */
const CALL = "0";

/**
 * What MCP servers gave a work when it was first tried, for its repetition after a fault: the model's answers are kept, and rest on
 * it. It is kept beside them where they are.
 * @param keeps whether it is worth keeping; what failed is asked for again
 */
export async function givenOnce<T>(
  what: "resources" | "prompt",
  { tenant, meter }: { readonly tenant: string; readonly meter: AgentRunInput["meter"] },
  { table: tables, clock }: Pick<AgentRunDeps, "table" | "clock">,
  give: () => Promise<T>,
  keeps: (given: T) => boolean,
): Promise<T> {
  const { answers, work } = meter;
  if (answers === undefined) return give();
  const table = tables.of(tenant);
  const own = { ...work, id: `${work.id}~${what}` };
  const known = (await keptAnswers(table, own)).get(CALL);
  if (known !== undefined) return JSON.parse(await answers.blobs.load(known)) as T;
  const given = await give();
  if (keeps(given)) {
    const writes = await answerWrites(table, { ...own, call: CALL }, given, answers, clock.now());
    // Without it a repetition asks the server once more, that is all.
    if (writes.length > 0) await table.transact(writes).catch(() => undefined);
  }
  return given;
}
