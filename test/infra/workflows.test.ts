import { globSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { describe, expect, it } from "vitest";
import { roleStatements, synthesize } from "./support.ts";

interface Verdict {
  readonly isValid: boolean;
  readonly errors: readonly unknown[];
}
const validate = createRequire(import.meta.url)("asl-validator") as (definition: unknown) => Verdict;

const files = globSync("statemachines/*.asl.json").sort();
const definitions = files.map((file) => [file, JSON.parse(readFileSync(file, "utf8"))] as const);
const production = synthesize("production");

/** Every state with its name, those inside maps too. */
// biome-ignore lint/suspicious/noExplicitAny: a definition's states
function* states(definition: any): Generator<[string, any]> {
  // biome-ignore lint/suspicious/noExplicitAny: a definition's states
  for (const [name, state] of Object.entries<any>(definition.States)) {
    yield [name, state];
    if (state.ItemProcessor !== undefined) yield* states(state.ItemProcessor);
    for (const branch of state.Branches ?? []) yield* states(branch);
  }
}

describe("state machines", () => {
  it("there is one", () => expect(files.length).toBeGreaterThan(0));

  it("the validator refuses a definition that leads nowhere", () => {
    expect(validate({ StartAt: "A", States: { A: { Type: "Pass", Next: "B" } } }).isValid).toBe(false);
  });

  it.each(definitions)("%s is valid", (_, definition) => {
    const { isValid, errors } = validate(definition);
    expect({ isValid, errors }).toEqual({ isValid: true, errors: [] });
  });

  it.each(definitions)("%s tries every task again, whatever went wrong", (_, definition) => {
    for (const [name, state] of states(definition)) {
      if (state.Type !== "Task") continue;
      const caught: string[][] = [...state.Retry, ...(state.Catch ?? [])].map(({ ErrorEquals }) => ErrorEquals);
      expect(
        state.Retry.map((retry: { ErrorEquals: string[] }) => retry.ErrorEquals),
        name,
      ).toContainEqual(["States.ALL"]);
      if (!state.Resource.includes("lambda:invoke")) continue;
      // The local AWS names every error of a Lambda function the same: outcomes are data, only Lambda's own faults are named.
      for (const error of caught.flat()) expect(error, name).toMatch(/^(States\.ALL|Lambda\.\w+Exception)$/);
      // The function ends its own attempt before the workflow gives it up.
      const [, arn] = /^\$\{(\w+)\}$/.exec(state.Arguments.FunctionName) ?? [];
      const { DefinitionSubstitutions } = production.only("AWS::StepFunctions::StateMachine").properties;
      const { Timeout } = production.target(DefinitionSubstitutions[arn ?? ""]).properties;
      expect(state.TimeoutSeconds, name).toBeGreaterThan(Timeout);
    }
  });

  it("an execution that ends badly is heard of, so that no run hangs", () => {
    const [rule] = production
      .of("AWS::Events::Rule")
      .filter(({ properties }) => properties.EventPattern?.source[0] === "aws.states");
    expect(rule?.properties.EventPattern.detail.status).toEqual(["FAILED", "ABORTED", "TIMED_OUT"]);
    const name = production.only("AWS::StepFunctions::StateMachine").properties.StateMachineName;
    expect(rule?.properties.EventPattern.detail.stateMachineArn).toEqual([{ suffix: `:${name}` }]);
    expect(production.target(rule?.properties.Targets[0].Arn).type).toBe("AWS::SQS::Queue");
  });

  it("every placeholder of a deployed definition is filled in", () => {
    for (const { properties } of production.of("AWS::StepFunctions::StateMachine")) {
      const named = [...String(properties.DefinitionString).matchAll(/\$\{(\w+)\}/g)].map((match) => match[1]);
      expect([...new Set(named)].sort()).toEqual(Object.keys(properties.DefinitionSubstitutions).sort());
      expect(files.map((file) => readFileSync(file, "utf8"))).toContain(properties.DefinitionString);
    }
  });

  it("a workflow may call what it names, and itself", () => {
    for (const { properties } of production.of("AWS::StepFunctions::StateMachine")) {
      const role = production.target(properties.RoleArn).id;
      const own = roleStatements(production)
        .filter((each) => each.role === role)
        .flatMap(({ statement }) => statement.actions.flatMap((a) => statement.resources.map((r) => `${a} on ${r}`)))
        .filter((pair) => !pair.startsWith("logs:"));
      const named = Object.values(properties.DefinitionSubstitutions).map((value) => production.text(value));
      expect(own.map((pair) => pair.split(" on ")[1]).sort()).toEqual(named.sort());
      expect(own.every((pair) => /^(lambda:InvokeFunction|states:StartExecution) on /.test(pair))).toBe(true);
    }
  });
});
