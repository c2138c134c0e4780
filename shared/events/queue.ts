import { SendMessageCommand, type SQSClient } from "@aws-sdk/client-sqs";

/** Where messages of one kind are put. A message may come more than once and in any order. */
export interface Queue<M> {
  /** @param delay_seconds before the messages show, at most 900 @throws when one of them was not taken */
  send(messages: readonly M[], delay_seconds?: number): Promise<void>;
}

/** The queue behind this address. */
export function queueAt<M>(client: Pick<SQSClient, "send">, url: string): Queue<M> {
  return {
    // One call each: callers rarely have more than a few, and a batch may be taken in part.
    async send(messages, delay_seconds = 0) {
      await Promise.all(
        messages.map((message) =>
          client.send(
            new SendMessageCommand({
              QueueUrl: url,
              MessageBody: JSON.stringify(message),
              DelaySeconds: delay_seconds,
            }),
          ),
        ),
      );
    },
  };
}
