import { execFile } from "node:child_process";
import { globSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { testTools } from "../../local/test-tools.ts";
import { type Accepted, accepted } from "./lint-accepted.ts";
import { synthesize } from "./support.ts";

interface Finding {
  readonly deployment: string;
  readonly stage: string;
  readonly rule: string;
  readonly message: string;
  readonly stack: string;
}

const REGIONS = ["eu-central-1", "us-east-1"];
const stages = ["local", "development", "staging", "production"] as const;

/** What is looked at: every stage as it is, and production with what a deployment can have besides. */
const deployments = [
  ...stages.map((stage) => [stage, stage, {}] as const),
  [
    "production with a key, a firewall and the place of sign-ins",
    "production",
    { customer_managed_key: "true", firewall: "true", sign_in_place: "true" },
  ],
] as const;

/** What cfn-lint finds in these templates, by CloudFormation's schemas of both regions. */
async function lint(deployment: string, stage: string, templates: readonly string[]): Promise<Finding[]> {
  // By this Python: the program itself names the place where its environment was made.
  const args = [join(testTools.bin, "cfn-lint"), "--regions", ...REGIONS, "--format", "json", "-t", ...templates];
  const output = await new Promise<string>((resolve, reject) => {
    execFile(join(testTools.bin, "python"), args, { maxBuffer: 2 ** 26 }, (error, stdout, stderr) =>
      // It ends with a number other than 0 where it finds something, and prints that.
      stdout.startsWith("[") ? resolve(stdout) : reject(new Error(stderr, { cause: error })),
    );
  });
  const found = JSON.parse(output) as { Rule: { Id: string }; Message: string; Filename: string }[];
  return found.map(({ Rule, Message, Filename }) => ({
    deployment,
    stage,
    rule: Rule.Id,
    message: Message,
    stack: Filename,
  }));
}

const takes = ({ rule, stages: of, about }: Accepted, finding: Finding): boolean =>
  rule === finding.rule && of.some((stage) => stage === finding.stage) && (about?.test(finding.message) ?? true);

/** Looks at the stage as it is deployed to a region, whose name stands in the templates. */
async function lintStage([name, stage, context]: (typeof deployments)[number], region: string): Promise<Finding[]> {
  const { directory } = synthesize(stage, { context, region });
  const templates = globSync("*.template.json", { cwd: directory });
  expect(templates.length).toBeGreaterThan(5);
  return lint(
    name,
    stage,
    templates.map((file) => join(directory, file)),
  );
}

describe("CloudFormation's own schemas", async () => {
  await testTools.ensureInstalled();
  // Each is synthesized for one of the regions; the schemas of both are asked about all.
  const findings: Finding[] = [];
  for (const [i, each] of deployments.entries()) findings.push(...(await lintStage(each, REGIONS[i % 2] ?? "")));

  it.each(deployments)("find nothing in the stage %s that is not accepted with a reason", (name) => {
    const open = findings.filter((each) => each.deployment === name && !accepted.some((one) => takes(one, each)));
    expect(open).toEqual([]);
  });

  it.each(accepted.map((one) => [one.rule, one] as const))(
    "still find what %s accepts, in every stage named",
    (_, one) => {
      for (const stage of one.stages)
        expect(
          findings.some((each) => each.stage === stage && takes(one, each)),
          stage,
        ).toBe(true);
    },
  );

  it("are asked: a property that does not exist is found", async () => {
    const file = join(mkdtempSync(join(tmpdir(), "kaizen-lint-")), "wrong.template.json");
    const Resources = { Queue: { Type: "AWS::SQS::Queue", Properties: { Delay: 1 } } };
    writeFileSync(file, JSON.stringify({ Resources }));
    expect((await lint("none", "none", [file])).map(({ rule }) => rule)).toEqual(["E3002"]);
    rmSync(dirname(file), { recursive: true });
  });
});
