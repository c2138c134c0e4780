import { SendMessageBatchCommand, SQSClient } from "@aws-sdk/client-sqs";
import * as z from "zod";
import { clientOptions } from "../../../shared/aws/clients.ts";
import { readSettings } from "../../../shared/config/settings.ts";
import type { Due } from "../../../shared/due/item.ts";

/** Where due things go: the queues of the functions that do them. */
export interface DueQueues {
  /** The address of the queue for a kind; undefined when no function has it. */
  of(kind: string): string | undefined;
  /** Sends at most 10 messages. @returns the positions of those that were not taken */
  send(queue: string, messages: readonly Due[]): Promise<ReadonlySet<number>>;
}

/** What SQS takes in one call. */
export const MOST_MESSAGES = 10;

export function connectQueues(client: Pick<SQSClient, "send">, addresses: Readonly<Record<string, string>>): DueQueues {
  return {
    of: (kind) => (Object.hasOwn(addresses, kind) ? addresses[kind] : undefined),
    async send(queue, messages) {
      const Entries = messages.map((message, i) => ({
        Id: String(i),
        MessageBody: JSON.stringify(message),
        // A fair queue: when one tenant's messages pile up, those of the others are handed out first.
        MessageGroupId: message.tenant,
      }));
      const { Failed = [] } = await client.send(new SendMessageBatchCommand({ QueueUrl: queue, Entries }));
      return new Set(Failed.map(({ Id }) => Number(Id)));
    },
  };
}

/** Names stand without what their addresses have in common: settings are short. */
const settingSchema = z.object({ base: z.string(), queues: z.array(z.tuple([z.string(), z.array(z.string())])) });

/** The queues that the function's settings name, by kind. */
export function dueQueues(): DueQueues {
  const { DUE_QUEUES } = readSettings(["DUE_QUEUES"]);
  const { base, queues } = settingSchema.parse(JSON.parse(DUE_QUEUES));
  const addresses = Object.fromEntries(
    queues.flatMap(([name, kinds]) => kinds.map((kind) => [kind, `${base}${name}`])),
  );
  // The region's endpoint, not the host in the queue's address, so that another endpoint can stand for AWS.
  return connectQueues(new SQSClient({ ...clientOptions("queue"), useQueueUrlAsEndpoint: false }), addresses);
}
