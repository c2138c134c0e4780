import { readFileSync } from "node:fs";
import jsonata from "jsonata";
import { describe, expect, it } from "vitest";
import { MAX_HOPS, type TaskOutput } from "../../../functions/runs/engine/task.ts";

const arns: Readonly<Record<string, string>> = {
  RunNodeArn: "arn:aws:lambda:eu-west-1:123456789012:function:run-node",
  MachineArn: "arn:aws:states:eu-west-1:123456789012:stateMachine:pipeline-run",
};
const text = readFileSync("statemachines/pipeline-run.asl.json", "utf8").replaceAll(
  /\$\{(\w+)\}/g,
  (_, name: string) => arns[name] ?? "",
);
const machine = JSON.parse(text);

/** Every value in the definition with the names that lead to it. */
function* values(node: unknown, path: readonly string[] = []): Generator<[path: readonly string[], value: unknown]> {
  yield [path, node];
  if (typeof node === "object" && node !== null)
    for (const [name, member] of Object.entries(node)) yield* values(member, [...path, name]);
}

const expressions = [...values(machine)].flatMap(([, value]) => {
  const inner = typeof value === "string" ? /^\{%(.*)%\}$/s.exec(value)?.[1] : undefined;
  return inner === undefined ? [] : [inner];
});

describe("the workflow of runs", () => {
  it("has only expressions that parse", () => {
    expect(expressions.length).toBeGreaterThan(20);
    for (const expression of expressions) expect(() => jsonata(expression)).not.toThrow();
  });

  it("reads of its task only what the task always answers", () => {
    const answer: TaskOutput = { ticket: null, wait_until: null, forks: [], hops: 0 };
    const read = expressions.flatMap((one) => [...one.matchAll(/\$states\.result\.Payload\.(\w+)/g)].map((m) => m[1]));
    expect(new Set(read)).toEqual(new Set(Object.keys(answer)));
  });

  it("uses nothing that AWS and the local interpreter take differently", () => {
    const names = new Set([...values(machine)].map(([path]) => path.at(-1)));
    for (const name of ["Assign", "HeartbeatSeconds", "Branches", "Parameters", "ResultPath", "InputPath"])
      expect(names.has(name)).toBe(false);
    for (const [path, value] of values(machine)) {
      if (path.at(-1) === "TimeoutSeconds") expect(typeof value).toBe("number");
      if ((value as { Type?: string } | null)?.Type === "Succeed") expect(value).not.toHaveProperty("Output");
    }
  });

  it("repeats its task after any fault, and outlasts the longest one", () => {
    const { RunNode } = machine.States;
    expect(RunNode.Retry.at(-1)).toMatchObject({ ErrorEquals: ["States.ALL"], MaxAttempts: 12 });
    expect(RunNode.TimeoutSeconds).toBeGreaterThan(900);
  });

  it("slows down where functions or starts are throttled, apart from what goes wrong in its own work", () => {
    const patient = { MaxAttempts: 60, MaxDelaySeconds: 30, JitterStrategy: "FULL" };
    const [service] = machine.States.RunNode.Retry;
    // The names that AWS gives to throttling and to faults of Lambda itself.
    expect(service).toMatchObject({
      ...patient,
      ErrorEquals: [
        "Lambda.TooManyRequestsException",
        "Lambda.ServiceException",
        "Lambda.AWSLambdaException",
        "Lambda.SdkClientException",
        "Lambda.ClientExecutionTimeoutException",
      ],
    });
    const { Start } = machine.States.Fork.ItemProcessor.States;
    expect(Start.Retry.at(-1)).toMatchObject({ ...patient, ErrorEquals: ["States.ALL"] });
    for (const [path, value] of values(machine)) {
      if (path.at(-2) !== "Retry" || (value as { MaxAttempts: number }).MaxAttempts === 0) continue;
      expect(value).toMatchObject({ MaxDelaySeconds: 30, JitterStrategy: "FULL" });
    }
  });

  it("gets nothing from the starts of a fork, so that no number of branches fills a state", () => {
    const { Fork } = machine.States;
    const { Start, Started } = Fork.ItemProcessor.States;
    expect([Start.Output, ...Start.Catch.map(({ Output }: { Output: unknown }) => Output)]).toEqual([{}, {}]);
    expect(Started).toEqual({ Type: "Succeed" });
    expect(JSON.stringify(Fork.Output)).not.toContain("$states.result");
  });

  it("hands a branch over long before its history is full", () => {
    // A hop is a task and a choice: entered, scheduled, started, succeeded, exited, entered, exited, and each retry three more.
    const eventsOfHop = 12;
    const eventsOfFork = 9;
    const forksOfOneTask = 600;
    expect(MAX_HOPS * eventsOfHop + forksOfOneTask * eventsOfFork).toBeLessThan(25_000 / 2);
  });
});
