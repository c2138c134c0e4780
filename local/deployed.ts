import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import type { Aws } from "./aws.ts";
import { xmlText } from "./aws.ts";

const templateSchema = z.looseObject({
  Resources: z
    .record(z.string(), z.looseObject({ Type: z.string(), Properties: z.record(z.string(), z.unknown()).default({}) }))
    .default({}),
});

/** A resource that a template asks for, with the name under which it is deployed. */
export interface Deployed {
  readonly type: string;
  readonly properties: Readonly<Record<string, unknown>>;
  readonly name: string;
}

/** The deployed resources of the templates in `assemblyDir` that have a property of this name. */
export async function deployedWith(aws: Aws, assemblyDir: string, property: string): Promise<Deployed[]> {
  const found: Deployed[] = [];
  const suffix = ".template.json";
  for (const file of readdirSync(assemblyDir).filter((name) => name.endsWith(suffix))) {
    const stack = file.slice(0, -suffix.length);
    const template = templateSchema.parse(JSON.parse(readFileSync(join(assemblyDir, file), "utf8")));
    for (const [logicalId, { Type, Properties }] of Object.entries(template.Resources)) {
      if (Properties[property] === undefined) continue;
      const parameters = { StackName: stack, LogicalResourceId: logicalId };
      const resource = await aws.query("cloudformation", "2010-05-15", "DescribeStackResource", parameters);
      const name = xmlText(resource, "PhysicalResourceId");
      if (name === undefined) throw new Error(`The stack ${stack} has no ${logicalId}.`);
      found.push({ type: Type, properties: Properties, name });
    }
  }
  return found;
}
