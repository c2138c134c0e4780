import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import type { Aws } from "./aws.ts";
import { xmlText } from "./aws.ts";

const templateSchema = z.looseObject({
  Resources: z
    .record(
      z.string(),
      z.looseObject({
        Type: z.string(),
        Properties: z
          .looseObject({
            TimeToLiveSpecification: z.looseObject({ AttributeName: z.string(), Enabled: z.boolean() }).optional(),
          })
          .optional(),
      }),
    )
    .default({}),
});

const descriptionSchema = z.looseObject({
  TimeToLiveDescription: z.looseObject({ TimeToLiveStatus: z.string().optional() }).optional(),
});

/**
 * Switches on the expiry that the templates in `assemblyDir` ask for: the emulator's CloudFormation ignores
 * TimeToLiveSpecification. Does nothing where it is on already.
 */
export async function applyTimeToLive(aws: Aws, assemblyDir: string): Promise<void> {
  const suffix = ".template.json";
  for (const file of readdirSync(assemblyDir).filter((name) => name.endsWith(suffix))) {
    const stack = file.slice(0, -suffix.length);
    const template = templateSchema.parse(JSON.parse(readFileSync(join(assemblyDir, file), "utf8")));
    for (const [logicalId, { Type, Properties }] of Object.entries(template.Resources)) {
      const ttl = Properties?.TimeToLiveSpecification;
      if (!["AWS::DynamoDB::Table", "AWS::DynamoDB::GlobalTable"].includes(Type) || ttl?.Enabled !== true) continue;
      const parameters = { StackName: stack, LogicalResourceId: logicalId };
      const resource = await aws.query("cloudformation", "2010-05-15", "DescribeStackResource", parameters);
      const table = xmlText(resource, "PhysicalResourceId");
      if (table === undefined) throw new Error(`The stack ${stack} has no table ${logicalId}.`);
      await enable(aws, table, ttl.AttributeName);
    }
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
