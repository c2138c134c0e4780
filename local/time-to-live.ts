import * as z from "zod";
import type { Aws } from "./aws.ts";
import { deployedWith } from "./deployed.ts";

const specificationSchema = z.looseObject({ AttributeName: z.string(), Enabled: z.boolean() });

const descriptionSchema = z.looseObject({
  TimeToLiveDescription: z.looseObject({ TimeToLiveStatus: z.string().optional() }).optional(),
});

/**
 * Switches on the expiry that the templates in `assemblyDir` ask for: the emulator's CloudFormation ignores
 * TimeToLiveSpecification. Does nothing where it is on already.
 */
export async function applyTimeToLive(aws: Aws, assemblyDir: string): Promise<void> {
  for (const { properties, name } of await deployedWith(aws, assemblyDir, "TimeToLiveSpecification")) {
    const { AttributeName, Enabled } = specificationSchema.parse(properties.TimeToLiveSpecification);
    if (Enabled) await enable(aws, name, AttributeName);
  }
}

async function enable(aws: Aws, table: string, attribute: string): Promise<void> {
  const answer = await aws.json("dynamodb", "DynamoDB_20120810.DescribeTimeToLive", { TableName: table });
  const status = descriptionSchema.parse(answer).TimeToLiveDescription?.TimeToLiveStatus;
  if (status === "ENABLED" || status === "ENABLING") return;
  await aws.json("dynamodb", "DynamoDB_20120810.UpdateTimeToLive", {
    TableName: table,
    TimeToLiveSpecification: { AttributeName: attribute, Enabled: true },
  });
}
