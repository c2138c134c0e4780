import * as z from "zod";
import { readSettings } from "../../../shared/config/settings.ts";
import type { Due } from "../../../shared/due/item.ts";
import { dueWorker } from "../../../shared/due/work.ts";
import { consumeMessages } from "../../../shared/events/consume.ts";
import { createOutbound } from "../../../shared/outbound/index.ts";
import { outboundPolicy, outboundSettings } from "../../../shared/outbound/settings.ts";
import { kmsKeysAtStart } from "../../../shared/secrets/at-start.ts";
import { createSecrets } from "../../../shared/secrets/index.ts";
import { sealer } from "../../../shared/secrets/sealer.ts";
import { connectWorker } from "../../../shared/worker.ts";
import { attemptDelivery } from "../deliveries/attempt.ts";
import { hintOfDue } from "../deliveries/delivery.ts";
import { attemptQueue } from "../deliveries/queues.ts";
import { deliveryDue } from "../store.ts";

const { table, clock, log } = connectWorker("webhooks-attempt");
const settings = readSettings([...outboundSettings, "KEY_ARN"]);
const keys = kmsKeysAtStart(settings.KEY_ARN);
// A busy webhook signs many times a minute with the same secret; its data key is kept for five minutes.
const cache = { max_entries: 1_000, max_age_ms: 300_000, max_bytes: 10_000_000 };
const deps = {
  table,
  clock,
  log,
  secrets: sealer(createSecrets({ keys, cache })),
  outbound: createOutbound({ ...outboundPolicy(settings), user_agent: "Kaizen-Studio-Webhooks/1" }),
  attempts: attemptQueue(),
  random: Math.random,
};
const hint = z.object({ tenant: z.string(), webhook_id: z.string(), delivery_id: z.string() });
const comesDue = dueWorker(table, { [deliveryDue.kind]: (due: Due) => attemptDelivery(hintOfDue(due), deps) });

export const handler = consumeMessages(log, async (body) => {
  const message = hint.safeParse(body);
  if (message.success) await attemptDelivery(message.data, deps);
  else await comesDue(body);
});
