import { type RemovalPolicy, Stack } from "aws-cdk-lib";
import { Effect, PolicyStatement, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { type IKey, Key } from "aws-cdk-lib/aws-kms";
import { BucketEncryption, type BucketProps } from "aws-cdk-lib/aws-s3";
import type { Construct } from "constructs";
import type { Stage } from "../stages.ts";

/** Where a key stands and for which deployment. */
export interface KeyPlace {
  readonly partition: string;
  readonly region: string;
  readonly account: string;
  /** What the names of all stacks begin with, and so those of log groups: `kaizen-studio-production`. */
  readonly prefix: string;
}

/** What all names of a deployment begin with. */
export const namePrefix = ({ name }: Pick<Stage, "name">): string => `kaizen-studio-${name}`;

/** The name of the bus, which CloudFormation does not choose. */
export const busName = namePrefix;

const allow = (
  service: string,
  actions: string[],
  conditions: Record<string, Record<string, string | string[]>> = {},
) =>
  new PolicyStatement({
    effect: Effect.ALLOW,
    principals: [new ServicePrincipal(service)],
    actions,
    resources: ["*"],
    conditions,
  });

/**
 * CloudWatch Logs with a key, for the log groups of one deployment. Their names are CloudFormation's choice and begin with
 * the stack's, so that stacks which come after the key's need not be named.
 */
export function logStatements({ partition, region, account, prefix }: KeyPlace): PolicyStatement[] {
  const group = (name: string) => `arn:${partition}:logs:${region}:${account}:log-group:${name}-*`;
  const groups = [prefix, `/aws/vendedlogs/states/${prefix}`, `aws-waf-logs-${prefix}`].map(group);
  return [
    allow(
      `logs.${region}.amazonaws.com`,
      ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*"],
      { ArnLike: { "kms:EncryptionContext:aws:logs:arn": groups } },
    ),
  ];
}

/** Alarms that tell a topic. */
export const alarmStatements = ({ account }: KeyPlace): PolicyStatement[] => [
  allow("cloudwatch.amazonaws.com", ["kms:GenerateDataKey*", "kms:Decrypt"], {
    StringEquals: { "aws:SourceAccount": account },
  }),
];

/**
 * What services of AWS do with the key of all data by themselves, not by the rights of one of our roles. Our roles, and
 * whoever deploys, have theirs by IAM policies, which the key's policy has to admit.
 */
export function serviceStatements(place: KeyPlace): PolicyStatement[] {
  const { partition, region, account, prefix } = place;
  const bus = `arn:${partition}:events:${region}:${account}:event-bus/${prefix}`;
  return [
    ...logStatements(place),
    // The bus: EventBridge looks whether the key is there and symmetric, then keeps events and the bus's rules under it.
    allow("events.amazonaws.com", ["kms:DescribeKey"]),
    allow("events.amazonaws.com", ["kms:GenerateDataKey", "kms:Decrypt"], {
      StringEquals: { "aws:SourceAccount": account, "kms:EncryptionContext:aws:events:event-bus:arn": bus },
    }),
    // Rules that send to queues. Their requests bring neither aws:SourceArn nor aws:SourceAccount; SQS says which queue.
    allow("events.amazonaws.com", ["kms:GenerateDataKey", "kms:Decrypt"], {
      ArnLike: { "kms:EncryptionContext:aws:sqs:arn": `arn:${partition}:sqs:${region}:${account}:*` },
    }),
    ...alarmStatements(place),
    // The front's log in its bucket, and the workflow's log, whose lines come out of an encrypted execution.
    allow("delivery.logs.amazonaws.com", ["kms:GenerateDataKey*", "kms:Decrypt"]),
  ];
}

/** Where this stack's key stands. */
export const placeOf = (stack: Stack, stage: Stage): KeyPlace => ({
  partition: stack.partition,
  region: stack.region,
  account: stack.account,
  prefix: namePrefix(stage),
});

/**
 * The customer's key for everything that is kept: one that is made here, or the account's own. It is no key for tenants'
 * secrets, which have theirs.
 * @returns undefined where AWS's keys do; the key as one whose policy nobody adds to, so that all of it stands above
 */
export function dataKey(scope: Construct, id: string, stage: Stage, removalPolicy: RemovalPolicy): IKey | undefined {
  if (stage.data_key === undefined) return undefined;
  const own = stage.data_key.arn ?? made(scope, id, stage, removalPolicy, serviceStatements).keyArn;
  return Key.fromKeyArn(scope, `${id}Use`, own);
}

/** How a bucket is encrypted: by this key, asked for once per bucket and while and not per file, or by S3's own. */
export const bucketEncryption = (
  key: IKey | undefined,
): Pick<BucketProps, "encryption" | "encryptionKey" | "bucketKeyEnabled"> =>
  key === undefined
    ? { encryption: BucketEncryption.S3_MANAGED }
    : { encryption: BucketEncryption.KMS, encryptionKey: key, bucketKeyEnabled: true };

/** A key with these statements beside the account's. */
export function made(
  scope: Construct,
  id: string,
  stage: Stage,
  removalPolicy: RemovalPolicy,
  statements: (place: KeyPlace) => PolicyStatement[],
): Key {
  const key = new Key(scope, id, {
    description: `Kaizen Studio ${stage.name}: everything that is kept`,
    enableKeyRotation: true,
    removalPolicy,
  });
  for (const statement of statements(placeOf(Stack.of(scope), stage))) key.addToResourcePolicy(statement);
  return key;
}
