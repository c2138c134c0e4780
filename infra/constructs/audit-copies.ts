import { Duration, RemovalPolicy } from "aws-cdk-lib";
import type { IKey } from "aws-cdk-lib/aws-kms";
import { BlockPublicAccess, Bucket, ObjectOwnership } from "aws-cdk-lib/aws-s3";
import { Construct } from "constructs";
import { auditClasses } from "../../shared/limits/retention.ts";
import { acknowledge } from "../nag.ts";
import type { Stage } from "../stages.ts";
import { bucketEncryption } from "./data-key.ts";

/**
 * The bucket of locked copies of the audit log. Each file comes with a lock of its own (S3 Object Lock), until the last entry in
 * it ends. Names begin with the days of their class, after which a rule ends them: what is locked or held for longer it leaves
 * alone, and tries again the next day.
 */
export class AuditCopies extends Construct {
  readonly bucket: Bucket;

  constructor(scope: Construct, id: string, stage: Stage, key: IKey | undefined) {
    super(scope, id);
    this.bucket = new Bucket(this, "Bucket", {
      ...bucketEncryption(key),
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
      // The local AWS speaks plain http on the loopback interface.
      enforceSSL: stage.name !== "local",
      versioned: true,
      objectLockEnabled: true,
      // A bucket with locked files cannot be deleted: a laptop's goes with its folder.
      removalPolicy: stage.name === "local" ? RemovalPolicy.DESTROY : RemovalPolicy.RETAIN,
      lifecycleRules: [
        ...auditClasses.map((days) => ({
          prefix: `${days}/`,
          expiration: Duration.days(days + 1),
          noncurrentVersionExpiration: Duration.days(1),
        })),
        { expiredObjectDeleteMarker: true, abortIncompleteMultipartUploadAfter: Duration.days(1) },
      ],
    });
    if (stage.name === "local")
      acknowledge(this.bucket, "AwsSolutions-S10", "The local AWS speaks plain http on the loopback interface.");
    acknowledge(
      this.bucket,
      "AwsSolutions-S1",
      "The product's own audit trail records who downloads copies; server access logs would need a second bucket with the same question.",
    );
  }
}
