import { describe, expect, it } from "vitest";
import { product } from "../../infra/product.ts";
import { grown } from "./growth.ts";
import { type Synthesized, synthesize } from "./support.ts";

/** CloudFormation takes 500 resources in a stack. */
const MOST_RESOURCES = 400;

/** CloudFormation takes 200 outputs in a stack; what others import is one each, and most are the ARNs of queues: beyond this, several have to share one. */
const MOST_OUTPUTS = 190;

const today = synthesize("production");
// The security rules are checked in synthesis: that it does not throw is part of what is shown here.
const threefold = synthesize("production", { product: grown(product) });

const perStack = ({ resources }: Synthesized): Map<string, number> => {
  const counts = new Map<string, number>();
  for (const { stack } of resources) counts.set(stack, (counts.get(stack) ?? 0) + 1);
  return counts;
};

describe("the stacks", () => {
  it("with three times today's rooms each stays far from CloudFormation's limit of resources", () => {
    const functions = (stack: Synthesized) => stack.of("AWS::Lambda::Function").length;
    expect(functions(threefold)).toBeGreaterThan(2.8 * functions(today));
    for (const [stack, count] of perStack(threefold)) expect(count, stack).toBeLessThan(MOST_RESOURCES);
  });

  it("with three times today's rooms each stays far from CloudFormation's limit of outputs", () => {
    for (const [stack, outputs] of threefold.outputs) expect(outputs.length, stack).toBeLessThan(MOST_OUTPUTS);
  });

  it("the gateway's own does not grow with the rooms of areas", () => {
    const own = grown({ ...product, rooms: product.rooms.filter(({ area }) => area !== "gateway") });
    const gateway = product.rooms.filter(({ area }) => area === "gateway");
    const other = synthesize("production", { product: { ...own, rooms: [...gateway, ...own.rooms] } });
    expect(perStack(other).get("gateway")).toBe(perStack(today).get("gateway"));
  });

  it.each([
    ["as they are", today],
    ["with a key of the customer's", synthesize("production", { context: { customer_managed_key: "true" } })],
  ])("each refers only to those before it, and no area to another, %s", (_, { imports }) => {
    const ground = ["data", "messaging", "pool", "plane", "gateway"];
    for (const [stack, imported] of imports) {
      if (stack === "front") continue; // the last, before everything
      const own = ground.indexOf(stack);
      const before = own < 0 ? ground : ground.slice(0, own);
      for (const from of imported) expect(before, `${stack} imports from ${from}`).toContain(from);
      if (imported.has("plane")) expect(stack).toBe("serve");
    }
  });

  it("nothing has a name of ours that CloudFormation could choose", () => {
    const named = [
      ["AWS::Lambda::Function", "FunctionName"],
      ["AWS::IAM::Role", "RoleName"],
      ["AWS::SQS::Queue", "QueueName"],
      ["AWS::SNS::Topic", "TopicName"],
      ["AWS::DynamoDB::Table", "TableName"],
      ["AWS::S3::Bucket", "BucketName"],
      ["AWS::Cognito::UserPool", "UserPoolName"],
      ["AWS::Events::Rule", "Name"],
      ["AWS::CloudWatch::Alarm", "AlarmName"],
      ["AWS::CloudWatch::Dashboard", "DashboardName"],
      ["AWS::SecretsManager::Secret", "Name"],
    ] as const;
    for (const [type, property] of named)
      for (const { id, properties } of today.of(type)) expect(properties[property], id).toBeUndefined();
    const logs = today.of("AWS::Logs::LogGroup").flatMap(({ properties }) => properties.LogGroupName ?? []);
    // Names under this prefix spare the account's policy of log delivery an entry each.
    expect(logs).toEqual(["/aws/vendedlogs/states/kaizen-studio-production-pipeline-run"]);
  });
});
