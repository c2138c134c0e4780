import { Effect, PolicyStatement } from "aws-cdk-lib/aws-iam";
import { type FunctionData, type Trigger, writesOf } from "../shared/room.ts";

/** Triggers whose messages wait in a queue. */
const QUEUED: ReadonlySet<Trigger["kind"]> = new Set(["events", "served", "run_status", "mail_status", "due", "queue"]);

/**
 * What a function may do with the customer's key, if everything that is kept is under it: nothing by itself. Services ask
 * the key in the function's name when it reads, writes and sends, so the right is theirs to use (`kms:ViaService`) and
 * the function can open nothing by calling KMS, tenants' secrets least of all, which are under another key.
 */
export function dataKeyUse(
  data: FunctionData,
  key: { readonly arn: string; readonly region: string },
): PolicyStatement[] {
  const needs = (form: RegExp) => data.needs.some((need) => form.test(need));
  const { trigger } = data;
  const sends = needs(/^(?:send:|due$)/) || trigger.kind === "inserts";
  const services = (those: Readonly<Record<string, boolean>>) =>
    Object.keys(those).filter((service) => those[service] === true);
  const through = (action: string, of: readonly string[]): PolicyStatement[] =>
    of.length === 0
      ? []
      : [
          new PolicyStatement({
            effect: Effect.ALLOW,
            actions: [action],
            resources: [key.arn],
            conditions: {
              StringEquals: { "kms:ViaService": of.map((service) => `${service}.${key.region}.amazonaws.com`) },
            },
          }),
        ];
  return [
    ...through(
      "kms:Decrypt",
      services({
        // The table's own key, which is kept under ours, for reading and writing alike, and for its stream.
        dynamodb: needs(/^table_read$/) || writesOf(data).length > 0 || trigger.kind === "inserts",
        // The function's settings.
        lambda: true,
        // Parts of an upload are read when it is put together.
        s3: needs(/^(?:files_(?:read|write):|copies_)/),
        // Who sends uses a data key again that SQS has kept for it.
        sqs: sends || QUEUED.has(trigger.kind),
        // What an execution was started with.
        states: needs(/^runs_control$/),
      }),
    ),
    ...through("kms:GenerateDataKey", services({ s3: needs(/^(?:files_write:|copies_write$)/), sqs: sends })),
  ];
}
