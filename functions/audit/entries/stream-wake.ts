import { consume } from "../../../shared/events/consume.ts";
import { connectWorker } from "../../../shared/worker.ts";
import { hintQueue } from "../streams/queue.ts";
import { wake } from "../streams/wake.ts";

const { table, log } = connectWorker("audit-stream-wake");
const deps = { table, hints: hintQueue() };

export const handler = consume(log, ({ organization_id }) => wake(organization_id, deps));
