import { Stack } from "aws-cdk-lib";
import type { Resources } from "../grants.ts";
import type { Stage } from "../stages.ts";
import type { DataStack } from "./data.ts";

/** What exists before the service stack: enough for functions that need only data. */
export function partialResources(data: DataStack, stage: Stage): Resources {
  const { region, account, partition } = Stack.of(data);
  return {
    tableArn: data.table.tableArn,
    tableName: data.table.tableName,
    bucketArn: data.exportValue(data.bucket.bucketArn),
    bucketName: data.bucket.bucketName,
    keyArn: data.key.keyArn,
    userPoolArn: "",
    busArn: data.bus.eventBusArn,
    busName: data.bus.eventBusName,
    machineArn: "",
    machineExecutionsArn: "",
    // The local AWS checks this action on "*" only.
    mailIdentityArn:
      stage.name === "local" ? "*" : `arn:${partition}:ses:${region}:${account}:identity/${mailDomain(stage)}`,
    mailFrom: stage.mail_from,
    appUrl: stage.app_url,
    modelArns: [
      `arn:${partition}:bedrock:*::foundation-model/*`,
      `arn:${partition}:bedrock:${region}:${account}:inference-profile/*`,
    ],
    modelActions: [
      "bedrock:InvokeModel",
      "bedrock:InvokeModelWithResponseStream",
      // AWS authorizes conversations as invocations; the local AWS by the names of their calls, which AWS does not know.
      ...(stage.name === "local" ? ["bedrock:Converse", "bedrock:ConverseStream"] : []),
    ],
    queues: {},
    outbound: stage.outbound,
  };
}

/** SES verifies domains; mail may be sent from any address of one. */
const mailDomain = (stage: Stage): string => stage.mail_from.slice(stage.mail_from.indexOf("@") + 1);
