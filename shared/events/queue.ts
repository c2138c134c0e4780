import { SendMessageBatchCommand, type SQSClient } from "@aws-sdk/client-sqs";

/** Where messages of one kind are put. A message may come more than once and in any order. */
export interface Queue<M> {
  /** @param delay_seconds before the messages show, at most 900 @throws when one of them was not taken */
  send(messages: readonly M[], delay_seconds?: number): Promise<void>;
}

/** What SQS takes in one call. */
const MOST_ENTRIES = 10;

/** The queue behind this address. */
export function queueAt<M>(client: Pick<SQSClient, "send">, url: string): Queue<M> {
  return {
    async send(messages, delay_seconds = 0) {
      for (let i = 0; i < messages.length; i += MOST_ENTRIES) {
        const answer = await client.send(
          new SendMessageBatchCommand({
            QueueUrl: url,
            Entries: messages.slice(i, i + MOST_ENTRIES).map((message, n) => ({
              Id: String(n),
              MessageBody: JSON.stringify(message),
              DelaySeconds: delay_seconds,
            })),
          }),
        );
        const refused = answer.Failed ?? [];
        if (refused.length > 0) throw new Error(`${refused.length} messages were not taken: ${refused[0]?.Code}`);
      }
    },
  };
}
