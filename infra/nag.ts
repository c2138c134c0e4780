import { Stack, Validations } from "aws-cdk-lib";
import type { IConstruct } from "constructs";

/** Accepts one finding of the security rules on one construct and all below it, with the reason why it is right here. */
export function acknowledge(construct: IConstruct, id: string, reason: string): void {
  for (const each of construct.node.findAll()) Validations.of(each).acknowledge({ id, reason });
}

/** Accepts that a role may use every resource of this form; the reason says why no narrower one can be named. */
export function acknowledgeWildcard(construct: IConstruct, resource: string, reason: string): void {
  acknowledge(construct, `AwsSolutions-IAM5[Resource::${flat(Stack.of(construct).resolve(resource))}]`, reason);
}

/** A resolved value as the rules name it: references as `<Name.Attribute>`, imports by their name. */
function flat(value: unknown): string {
  if (typeof value === "string") return value;
  const node = value as Readonly<Record<string, unknown>>;
  if (Array.isArray(node["Fn::Join"])) {
    const [delimiter, items] = node["Fn::Join"] as [string, unknown[]];
    return items.map(flat).join(delimiter);
  }
  if (Array.isArray(node["Fn::GetAtt"])) return `<${node["Fn::GetAtt"].map(flat).join(".")}>`;
  if (node["Fn::ImportValue"] !== undefined) return flat(node["Fn::ImportValue"]);
  if (node.Ref !== undefined) return `<${flat(node.Ref)}>`;
  return JSON.stringify(value);
}
