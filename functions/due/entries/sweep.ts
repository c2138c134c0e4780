import { connectWorker } from "../../../shared/worker.ts";
import { dueQueues } from "../sweep/queues.ts";
import { sweep } from "../sweep/sweep.ts";

const { table, clock, log } = connectWorker("due-sweep");
const deps = { table, clock, log, queues: dueQueues(), budget_ms: 45_000 };

/** Fails when something could not be sent, which raises the function's alarm; it stays due and is sent next time. */
export const handler = async (): Promise<void> => {
  const { sent, failed } = await sweep(deps);
  log.info("due.swept", { sent, failed });
  if (failed > 0) throw new Error(`${failed} due things could not be sent`);
};
