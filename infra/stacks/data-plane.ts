import { CfnOutput, Stack } from "aws-cdk-lib";
import type { Construct } from "constructs";
import { filesBucket, secretsKey, tenantTable } from "../constructs/kept.ts";
import { Rooms } from "../constructs/rooms.ts";
import type { DataPlaneAccess, Resources } from "../grants.ts";
import type { StageProps } from "./data.ts";
import type { Ground } from "./ground.ts";
import { partialResources } from "./resources.ts";

export type Beneath = Pick<Ground, "product" | "data" | "messaging">;

/**
 * The built-in data plane: where what was deployed runs, with a table, files and a key of its own. Of the management plane it has the
 * public half of the key that signs deployments, and the bus on which it tells what was used: nothing that it needs to answer.
 */
export class DataPlaneStack extends Stack {
  /** What the management plane has of it: a way in, a key to seal with, and where it serves. */
  readonly access: DataPlaneAccess;

  constructor(
    scope: Construct,
    id: string,
    { stage, bundles, beneath, ...props }: StageProps & { readonly beneath: Beneath },
  ) {
    super(scope, id, props);
    const { data, product, messaging } = beneath;
    const { dataKey, bus } = data;
    // Nothing here is listed by an index.
    const table = tenantTable(this, "ServedTable", stage, [], dataKey);
    const bucket = filesBucket(this, "ServedFiles", stage, dataKey);
    const key = secretsKey(this, "ServedSecretsKey", stage, "what is deployed to the data plane");
    const resources: Resources = {
      ...partialResources(data, stage),
      tableArn: table.tableArn,
      tableName: table.tableName,
      indexes: [],
      bucketArn: bucket.bucketArn,
      bucketName: bucket.bucketName,
      keyArn: key.keyArn,
      // Not its own: what is not named here cannot be granted.
      copies: { arn: NOBODYS, name: NOBODYS, lock: "GOVERNANCE" },
      proofKeyArn: NOBODYS,
      headsKeyArn: NOBODYS,
    };
    const { functions, streams } = new Rooms(this, {
      area: "plane",
      ground: { stage, bundles, product, messaging, data: { table, key, bus, dataKey } },
      resources,
    });
    const { "serving/deploy": deploy } = functions;
    const { "serving/door": door } = streams;
    if (deploy === undefined || door === undefined) throw new Error("the data plane has no way in");
    this.access = {
      functionArn: deploy.fn.functionArn,
      keyArn: key.keyArn,
      // On a laptop the local gateway serves everything from one origin.
      url: stage.name === "local" ? stage.app_url : door.url,
    };
    new CfnOutput(this, "DataPlaneTableName", { value: table.tableName });
    new CfnOutput(this, "DataPlaneBucketName", { value: bucket.bucketName });
    new CfnOutput(this, "DataPlaneUrl", { value: this.access.url });
  }
}

const NOBODYS = "arn:none";
