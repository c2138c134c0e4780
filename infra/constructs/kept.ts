import { Duration, RemovalPolicy } from "aws-cdk-lib";
import {
  AttributeType,
  BillingMode,
  ProjectionType,
  StreamViewType,
  Table,
  TableEncryption,
} from "aws-cdk-lib/aws-dynamodb";
import { type IKey, Key } from "aws-cdk-lib/aws-kms";
import { BlockPublicAccess, Bucket, type CorsRule, ObjectOwnership } from "aws-cdk-lib/aws-s3";
import type { Construct } from "constructs";
import { lifetimes } from "../../shared/blobs/purposes.ts";
import { acknowledge } from "../nag.ts";
import type { Stage } from "../stages.ts";
import { bucketEncryption } from "./data-key.ts";

/** What becomes of what holds data when its stack is deleted. */
export const removalOf = ({ protect_data }: Stage): RemovalPolicy =>
  protect_data ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY;

/** A table as `shared/dynamo` has it, with these of its indexes. */
export function tenantTable(
  scope: Construct,
  id: string,
  stage: Stage,
  indexes: readonly string[],
  dataKey: IKey | undefined,
): Table {
  const table = new Table(scope, id, {
    partitionKey: { name: "pk", type: AttributeType.STRING },
    sortKey: { name: "sk", type: AttributeType.STRING },
    billingMode: BillingMode.PAY_PER_REQUEST,
    pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
    deletionProtection: stage.protect_data,
    stream: StreamViewType.NEW_IMAGE,
    timeToLiveAttribute: "ttl",
    removalPolicy: removalOf(stage),
    ...(dataKey === undefined ? {} : { encryption: TableEncryption.CUSTOMER_MANAGED, encryptionKey: dataKey }),
  });
  for (const index of indexes) {
    table.addGlobalSecondaryIndex({
      indexName: index,
      partitionKey: { name: `${index}pk`, type: AttributeType.STRING },
      sortKey: { name: `${index}sk`, type: AttributeType.STRING },
      projectionType: ProjectionType.ALL,
    });
  }
  return table;
}

/** A bucket for what is too large for the table. */
export function filesBucket(
  scope: Construct,
  id: string,
  stage: Stage,
  dataKey: IKey | undefined,
  cors: readonly CorsRule[] = [],
): Bucket {
  const bucket = new Bucket(scope, id, {
    ...bucketEncryption(dataKey),
    blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
    objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
    // The local AWS speaks plain http on the loopback interface.
    enforceSSL: stage.name !== "local",
    removalPolicy: removalOf(stage),
    lifecycleRules: [
      ...lifetimes.map(({ prefix, days }) => ({ prefix, expiration: Duration.days(days) })),
      { abortIncompleteMultipartUploadAfter: Duration.days(1) },
    ],
    ...(cors.length === 0 ? {} : { cors: [...cors] }),
  });
  if (stage.name === "local")
    acknowledge(bucket, "AwsSolutions-S10", "The local AWS speaks plain http on the loopback interface.");
  acknowledge(
    bucket,
    "AwsSolutions-S1",
    "The product's own audit trail records who uploads and reads files; server access logs would need a second bucket with the same question.",
  );
  return bucket;
}

/** A key for secrets of tenants. */
export const secretsKey = (scope: Construct, id: string, stage: Stage, whose: string): Key =>
  new Key(scope, id, {
    description: `Kaizen Studio: secrets of ${whose} (envelope encryption, bound to tenant and field)`,
    enableKeyRotation: true,
    removalPolicy: removalOf(stage),
  });
