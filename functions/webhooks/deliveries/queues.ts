import { SQSClient } from "@aws-sdk/client-sqs";
import * as z from "zod";
import { clientOptions } from "../../../shared/aws/clients.ts";
import { parseEnvironment } from "../../../shared/config/env.ts";
import { type Queue, queueAt } from "../../../shared/events/queue.ts";
import type { JobMessage } from "../replays/continue.ts";
import type { AttemptMessage } from "./delivery.ts";

const url = z.string().min(1);

/** The region's endpoint, not the host in the queue's address, so that another endpoint can stand for AWS. */
const client = new SQSClient({ ...clientOptions("queue"), useQueueUrlAsEndpoint: false });

export const attemptQueue = (): Queue<AttemptMessage> =>
  queueAt(client, parseEnvironment(z.object({ QUEUE_WEBHOOK_ATTEMPTS_URL: url })).QUEUE_WEBHOOK_ATTEMPTS_URL);

export const jobQueue = (): Queue<JobMessage> =>
  queueAt(client, parseEnvironment(z.object({ QUEUE_WEBHOOK_JOBS_URL: url })).QUEUE_WEBHOOK_JOBS_URL);
