import * as z from "zod";
import { consumeMessages } from "../../../shared/events/consume.ts";
import { connectWorker } from "../../../shared/worker.ts";
import { attemptQueue, jobQueue } from "../deliveries/queues.ts";
import { work } from "../replays/jobs.ts";

const { table, clock, log } = connectWorker("webhooks-jobs");
const deps = { table, clock, attempts: attemptQueue(), jobs: jobQueue(), budget_ms: 20_000 };
const of = { tenant: z.string(), webhook_id: z.string() };
const message = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("replay"), ...of, replay_id: z.string() }),
  z.object({ kind: z.literal("cleanup"), ...of }),
]);

export const handler = consumeMessages(log, (body) => work(message.parse(body), deps));
