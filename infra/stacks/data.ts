import { CfnOutput, Stack, type StackProps } from "aws-cdk-lib";
import type { Table } from "aws-cdk-lib/aws-dynamodb";
import { EventBus } from "aws-cdk-lib/aws-events";
import { type IKey, Key, KeySpec, KeyUsage } from "aws-cdk-lib/aws-kms";
import { type Bucket, HttpMethods } from "aws-cdk-lib/aws-s3";
import type { Construct } from "constructs";
import { indexNames } from "../../shared/dynamo/item.ts";
import { AuditCopies } from "../constructs/audit-copies.ts";
import { busName, dataKey } from "../constructs/data-key.ts";
import { filesBucket, removalOf, secretsKey, tenantTable } from "../constructs/kept.ts";
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
  /** And for what is deployed to the built-in data plane, which takes nothing else. */
  readonly deploymentsKey: Key;
  readonly bus: EventBus;
  /** The customer's key for all that is kept, where the deployment has one. */
  readonly dataKey: IKey | undefined;

  constructor(scope: Construct, id: string, { stage, ...props }: StageProps) {
    super(scope, id, props);
    const removalPolicy = removalOf(stage);

    const kept = dataKey(this, "DataKey", stage, removalPolicy);
    this.dataKey = kept;

    this.table = tenantTable(this, "Table", stage, indexNames, kept);
    this.bucket = filesBucket(this, "Files", stage, kept, [
      {
        allowedMethods: [HttpMethods.PUT],
        allowedOrigins: [...stage.browser_origins],
        allowedHeaders: ["content-type"],
      },
    ]);
    this.key = secretsKey(this, "SecretsKey", stage, "tenants");

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

    this.deploymentsKey = new Key(this, "DeploymentsKey", {
      description: "Kaizen Studio: signs what is deployed to the built-in data plane",
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
