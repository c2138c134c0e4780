import * as z from "zod";
import type { Due } from "../../../shared/due/item.ts";
import { dueWorker } from "../../../shared/due/work.ts";
import { consumeMessages } from "../../../shared/events/consume.ts";
import { connectWorker } from "../../../shared/worker.ts";
import { deliver } from "../streams/deliver.ts";
import { streamDeps } from "../streams/deps.ts";
import { hintQueue } from "../streams/queue.ts";
import { streamDue } from "../streams/store.ts";

/** The last call begins before this, and has ended before the function's time limit. */
const BUDGET_MS = 25_000;

const platform = connectWorker("audit-stream-deliver");
const deps = {
  ...streamDeps(platform),
  log: platform.log,
  hints: hintQueue(),
  random: Math.random,
  budget: () => {
    const end = performance.now() + BUDGET_MS;
    return () => performance.now() < end;
  },
};
const hint = z.strictObject({ tenant: z.string(), stream_id: z.string() });
const comesDue = dueWorker(platform.table, {
  [streamDue.kind]: ({ tenant, ref: stream_id }: Due) => deliver({ tenant, stream_id }, deps),
});

export const handler = consumeMessages(platform.log, async (body) => {
  const message = hint.safeParse(body);
  if (message.success) await deliver(message.data, deps);
  else await comesDue(body);
});
