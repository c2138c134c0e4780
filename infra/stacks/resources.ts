import { ArnFormat, Fn, Stack } from "aws-cdk-lib";
import { indexNames } from "../../shared/dynamo/item.ts";
import { registrationName } from "../../shared/identity/pool-providers.ts";
import { namePrefix } from "../constructs/data-key.ts";
import type { Resources } from "../grants.ts";
import type { Product } from "../product.ts";
import type { Stage } from "../stages.ts";
import type { DataStack } from "./data.ts";
import type { Ground } from "./ground.ts";

/** What exists before the areas: enough for functions that need only data. */
export function partialResources(data: DataStack, stage: Stage): Resources {
  const { region, account, partition } = Stack.of(data);
  return {
    tableArn: data.table.tableArn,
    tableName: data.table.tableName,
    indexes: indexNames,
    keyConditions: stage.name !== "local",
    bucketArn: data.exportValue(data.bucket.bucketArn),
    bucketName: data.bucket.bucketName,
    copies: {
      arn: data.exportValue(data.copies.bucketArn),
      name: data.copies.bucketName,
      lock: stage.audit_lock === "compliance" ? "COMPLIANCE" : "GOVERNANCE",
    },
    keyArn: data.key.keyArn,
    proofKeyArn: data.proofKey.keyArn,
    headsKeyArn: data.headsKey.keyArn,
    deploymentsKeyArn: data.deploymentsKey.keyArn,
    dataPlane: undefined,
    dataKey: data.dataKey === undefined ? undefined : { arn: data.dataKey.keyArn, region },
    userPoolArn: "",
    poolUrl: undefined,
    providerClients: {},
    microsoftRegistration: undefined,
    busArn: data.bus.eventBusArn,
    busName: data.bus.eventBusName,
    customersBuses: {
      others: `arn:${partition}:events:*:*:event-bus/*`,
      own: `arn:${partition}:events:*:${account}:event-bus/audit-streams-*`,
      account,
    },
    machineArn: "",
    machineExecutionsArn: "",
    // The local AWS checks this action on "*" only.
    mailArns:
      stage.name === "local"
        ? ["*"]
        : [`identity/${mailDomain(stage)}`, `configuration-set/${mailSetName(stage)}`].map(
            (what) => `arn:${partition}:ses:${region}:${account}:${what}`,
          ),
    mailSet: stage.name === "local" ? undefined : mailSetName(stage),
    mailFrom: stage.mail_from,
    appUrl: stage.app_url,
    modelArns: [
      `arn:${partition}:bedrock:*::foundation-model/*`,
      `arn:${partition}:bedrock:${region}:${account}:inference-profile/*`,
    ],
    guardrailArns: [`arn:${partition}:bedrock:${region}:${account}:guardrail/*`],
    modelActions: [
      "bedrock:InvokeModel",
      "bedrock:InvokeModelWithResponseStream",
      // AWS authorizes conversations as invocations; the local AWS by the names of their calls, which AWS does not know.
      ...(stage.name === "local" ? ["bedrock:Converse", "bedrock:ConverseStream"] : []),
    ],
    queues: {},
    // AWS authorizes a batch as its messages; the local AWS by the name of the call, which AWS does not know.
    batchActions: ["sqs:SendMessage", ...(stage.name === "local" ? ["sqs:SendMessageBatch"] : [])],
    due: {},
    queueBase: queueBase(Stack.of(data)),
    dnsServers: stage.dns_servers,
    outbound: stage.outbound,
  };
}

/** All that functions of an area may be granted. */
export function resourcesOf(stack: Stack, { data, pool, messaging, product, stage, dataPlane }: Ground): Resources {
  const machine = { service: "states", resourceName: runMachineName(stage), arnFormat: ArnFormat.COLON_RESOURCE_NAME };
  const machineArn = stack.formatArn({ ...machine, resource: "stateMachine" });
  const queues = Object.fromEntries(
    Object.entries(messaging.queues).map(([name, { queue }]) => {
      const own = nameOf(queue.queueArn);
      return [name, { arn: queue.queueArn, url: `${queueBase(stack)}${own}`, name: own }];
    }),
  );
  return {
    ...partialResources(data, stage),
    dataPlane: dataPlane.access,
    userPoolArn: pool.pool.userPoolArn,
    poolUrl: pool.url,
    providerClients: pool.providerClients,
    microsoftRegistration: stage.providers.microsoft && registrationName("microsoft", stage.providers.microsoft),
    machineArn,
    machineExecutionsArn: `${stack.formatArn({ ...machine, resource: "execution" })}:*`,
    queues,
    due: dueQueues(product, queues),
  };
}

/** The name of a queue follows from its ARN, and its address from that: so a queue is one output of the stack that has it. */
const nameOf = (arn: string): string => Fn.select(5, Fn.split(":", arn));
const queueBase = ({ region, urlSuffix, account }: Stack): string => `https://sqs.${region}.${urlSuffix}/${account}/`;

/** Where each kind of due things is sent. */
function dueQueues({ rooms }: Product, queues: Resources["due"]): Resources["due"] {
  const triggers = rooms.flatMap(({ functions }) => Object.values(functions).map(({ trigger }) => trigger));
  return Object.fromEntries(
    triggers.flatMap((trigger) => {
      if (trigger.kind !== "due") return [];
      const queue = queues[trigger.queue];
      if (queue === undefined)
        throw new Error(`${trigger.kinds} are due in ${trigger.queue}, a queue which no room has`);
      return trigger.kinds.map((kind) => [kind, queue]);
    }),
  );
}

/** The run workflow starts itself: its definition and its role name it before it exists, so we choose its name. */
export const runMachineName = (stage: Stage): string => `${namePrefix(stage)}-pipeline-run`;

/** Rules name the configuration set that mails are sent under, so we choose its name. */
export const mailSetName = (stage: Stage): string => `${namePrefix(stage)}-mail`;

/** SES verifies domains; mail may be sent from any address of one. */
const mailDomain = (stage: Stage): string => stage.mail_from.slice(stage.mail_from.indexOf("@") + 1);
