import { SQSClient } from "@aws-sdk/client-sqs";
import { clientOptions } from "../../../shared/aws/clients.ts";
import { readQueueAddress } from "../../../shared/config/settings.ts";
import { type Queue, queueAt } from "../../../shared/events/queue.ts";
import type { JobMessage } from "../replays/continue.ts";
import type { AttemptMessage } from "./delivery.ts";

/** The region's endpoint, not the host in the queue's address, so that another endpoint can stand for AWS. */
const client = new SQSClient({ ...clientOptions("queue"), useQueueUrlAsEndpoint: false });

export const attemptQueue = (): Queue<AttemptMessage> => queueAt(client, readQueueAddress("webhook_attempts"));

export const jobQueue = (): Queue<JobMessage> => queueAt(client, readQueueAddress("webhook_jobs"));
