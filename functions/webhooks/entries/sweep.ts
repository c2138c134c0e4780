import { connectPlatform } from "../../../shared/runtime.ts";
import { attemptQueue } from "../deliveries/queues.ts";
import { sweep } from "../deliveries/sweep.ts";

const { table, clock } = connectPlatform("webhooks-sweep");
const deps = { table, clock, attempts: attemptQueue() };

export const handler = async (): Promise<void> => {
  await sweep(deps);
};
