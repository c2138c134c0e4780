import { describe, expect, it } from "vitest";
import { product } from "../../infra/product.ts";
import { grown } from "./growth.ts";
import { type Synthesized, synthesize } from "./support.ts";

const production = synthesize("production", { context: { customer_managed_key: "true" } });
const threefold = synthesize("production", { product: grown(product) });

/** The text of a value, with a reference as long as what it stands for may be; a queue's name has 80 characters at most. */
const lengthOf = (stack: Synthesized, value: unknown): number =>
  stack
    .text(value)
    .replaceAll(/\{\w+\.name\}/g, "x".repeat(80))
    .replaceAll(/\{[\w.:]+\}/g, "x".repeat(140)).length;

describe("what AWS takes no more of", () => {
  it("a function's settings stay below 4 KB together", () => {
    for (const { id, properties } of production.of("AWS::Lambda::Function")) {
      const variables = Object.entries(properties.Environment.Variables);
      const size = variables.reduce((sum, [name, value]) => sum + name.length + lengthOf(production, value), 0);
      expect(size, id).toBeLessThan(4_096);
    }
  });

  it("a role's own policies stay below 10,240 characters, with the customer's key too", () => {
    for (const { id, properties } of production.of("AWS::IAM::Role")) {
      const size = JSON.stringify(properties.Policies ?? []).replaceAll(/\s/g, "").length;
      expect(size, id).toBeLessThan(10_240);
    }
  });

  it("the policy of the customer's key stays far below 32 KB", () => {
    for (const { id, properties } of production.of("AWS::KMS::Key"))
      expect(JSON.stringify(properties.KeyPolicy).length, id).toBeLessThan(16_384);
  });

  it("with three times today's rooms the API has fewer than 300 integrations", () => {
    expect(threefold.of("AWS::ApiGatewayV2::Integration").length).toBeLessThan(300);
  });

  it("a function behind the API ends before the gateway gives it up, after 30 seconds", () => {
    const behind = production
      .of("AWS::ApiGatewayV2::Integration")
      .map(({ properties }) => production.target(properties.IntegrationUri));
    expect(behind.length).toBeGreaterThan(8);
    for (const { id, properties } of behind) expect(properties.Timeout, id).toBeLessThan(30);
  });
});
