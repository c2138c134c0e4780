import { Validations } from "aws-cdk-lib";
import type { IConstruct } from "constructs";

/** Accepts one finding of the security rules on one construct and all below it, with the reason why it is right here. */
export function acknowledge(construct: IConstruct, id: string, reason: string): void {
  for (const each of construct.node.findAll()) Validations.of(each).acknowledge({ id, reason });
}
