import { CfnOutput, Duration, RemovalPolicy, Stack, type StackProps } from "aws-cdk-lib";
import {
  AttributeType,
  BillingMode,
  ProjectionType,
  StreamViewType,
  Table,
  TableEncryption,
} from "aws-cdk-lib/aws-dynamodb";
import { EventBus } from "aws-cdk-lib/aws-events";
import { type IKey, Key, KeySpec, KeyUsage } from "aws-cdk-lib/aws-kms";
import { BlockPublicAccess, Bucket, HttpMethods, ObjectOwnership } from "aws-cdk-lib/aws-s3";
import type { Construct } from "constructs";
import { lifetimes } from "../../shared/blobs/purposes.ts";
import { indexNames } from "../../shared/dynamo/item.ts";
import { AuditCopies } from "../constructs/audit-copies.ts";
import { bucketEncryption, busName, dataKey } from "../constructs/data-key.ts";
import { acknowledge } from "../nag.ts";
import type { Stage } from "../stages.ts";

export interface StageProps extends StackProps {
  readonly stage: Stage;
  /** Folder with the bundled functions. */
  readonly bundles: string;
}

/** Everything that holds data: the table, the bucket for large blobs, the key for secrets, the event bus. */
export class DataStack extends Stack {
  readonly table: Table;
  readonly bucket: Bucket;
  /** Locked copies of the audit log. */
  readonly copies: Bucket;
  readonly key: Key;
  /** Its public half verifies proofs that may be older than the deployment's other keys: it is never replaced. */
  readonly proofKey: Key;
  /** The same for heads of the trees of audit entries: who signs the one can't sign the other. */
  readonly headsKey: Key;
  readonly bus: EventBus;
  /** The customer's key for all that is kept, where the deployment has one. */
  readonly dataKey: IKey | undefined;

  constructor(scope: Construct, id: string, { stage, ...props }: StageProps) {
    super(scope, id, props);
    const removalPolicy = stage.protect_data ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY;

    const kept = dataKey(this, "DataKey", stage, removalPolicy);
    this.dataKey = kept;

    this.table = new Table(this, "Table", {
      partitionKey: { name: "pk", type: AttributeType.STRING },
      sortKey: { name: "sk", type: AttributeType.STRING },
      billingMode: BillingMode.PAY_PER_REQUEST,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      deletionProtection: stage.protect_data,
      stream: StreamViewType.NEW_IMAGE,
      timeToLiveAttribute: "ttl",
      removalPolicy,
      ...(kept === undefined ? {} : { encryption: TableEncryption.CUSTOMER_MANAGED, encryptionKey: kept }),
    });
    for (const index of indexNames) {
      this.table.addGlobalSecondaryIndex({
        indexName: index,
        partitionKey: { name: `${index}pk`, type: AttributeType.STRING },
        sortKey: { name: `${index}sk`, type: AttributeType.STRING },
        projectionType: ProjectionType.ALL,
      });
    }

    this.bucket = new Bucket(this, "Files", {
      ...bucketEncryption(kept),
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
      // The local AWS speaks plain http on the loopback interface.
      enforceSSL: stage.name !== "local",
      removalPolicy,
      lifecycleRules: [
        ...lifetimes.map(({ prefix, days }) => ({ prefix, expiration: Duration.days(days) })),
        { abortIncompleteMultipartUploadAfter: Duration.days(1) },
      ],
      cors: [
        {
          allowedMethods: [HttpMethods.PUT],
          allowedOrigins: [...stage.browser_origins],
          allowedHeaders: ["content-type"],
        },
      ],
    });
    if (stage.name === "local")
      acknowledge(this.bucket, "AwsSolutions-S10", "The local AWS speaks plain http on the loopback interface.");
    acknowledge(
      this.bucket,
      "AwsSolutions-S1",
      "The product's own audit trail records who uploads and reads files; server access logs would need a second bucket with the same question.",
    );

    this.key = new Key(this, "SecretsKey", {
      description: "Kaizen Studio: secrets of tenants (envelope encryption, bound to tenant and field)",
      enableKeyRotation: true,
      removalPolicy,
    });

    this.proofKey = new Key(this, "ProofKey", {
      description: "Kaizen Studio: signs what anybody can check (certificates of erasure)",
      keySpec: KeySpec.ECC_NIST_P256,
      keyUsage: KeyUsage.SIGN_VERIFY,
      removalPolicy,
    });

    this.copies = new AuditCopies(this, "AuditCopies", stage, kept).bucket;

    this.headsKey = new Key(this, "HeadsKey", {
      description: "Kaizen Studio: signs heads of the trees of audit entries",
      keySpec: KeySpec.ECC_NIST_P256,
      keyUsage: KeyUsage.SIGN_VERIFY,
      removalPolicy,
    });

    this.bus = new EventBus(this, "Bus", {
      eventBusName: busName(stage),
      ...(kept === undefined ? {} : { kmsKey: kept }),
    });

    new CfnOutput(this, "TableName", { value: this.table.tableName });
    new CfnOutput(this, "BucketName", { value: this.bucket.bucketName });
    new CfnOutput(this, "AuditCopiesBucketName", { value: this.copies.bucketName });
    new CfnOutput(this, "KeyArn", { value: this.key.keyArn });
    new CfnOutput(this, "ProofKeyArn", { value: this.proofKey.keyArn });
    new CfnOutput(this, "HeadsKeyArn", { value: this.headsKey.keyArn });
    new CfnOutput(this, "BusName", { value: this.bus.eventBusName });
  }
}
