import { SQSClient } from "@aws-sdk/client-sqs";
import { clientOptions } from "../../../shared/aws/clients.ts";
import { readQueueAddress } from "../../../shared/config/settings.ts";
import { type Queue, queueAt } from "../../../shared/events/queue.ts";
import type { StreamHint } from "./deliver.ts";

/** The queue of hints at streams. */
export const hintQueue = (): Queue<StreamHint> =>
  queueAt(
    new SQSClient({ ...clientOptions("queue"), useQueueUrlAsEndpoint: false }),
    readQueueAddress("audit_streams"),
  );
