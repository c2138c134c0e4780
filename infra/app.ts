import { App, CliCredentialsStackSynthesizer, DefaultStackSynthesizer, Tags, Validations } from "aws-cdk-lib";
import { AwsSolutionsChecks } from "cdk-nag";
import { bundleFunctions } from "./bundle.ts";
import { DataStack } from "./stacks/data.ts";
import { IdentityStack } from "./stacks/identity.ts";
import { ServiceStack } from "./stacks/service.ts";
import { stageOf } from "./stages.ts";

await bundleFunctions();

const app = new App();
const context = (key: string): string | undefined => app.node.tryGetContext(key) as string | undefined;
const stage = stageOf(context("stage") ?? "development", context);
const prefix = `kaizen-studio-${stage.name}`;

const common = {
  stage,
  env: {
    account: process.env.CDK_DEFAULT_ACCOUNT ?? "000000000000",
    region: process.env.CDK_DEFAULT_REGION ?? "us-east-1",
  },
  terminationProtection: stage.protect_data,
  // The local AWS refuses the publishing roles of the usual synthesizer under enforced IAM.
  synthesizer: stage.name === "local" ? new CliCredentialsStackSynthesizer() : new DefaultStackSynthesizer(),
};

const data = new DataStack(app, `${prefix}-data`, common);
const identity = new IdentityStack(app, `${prefix}-identity`, { ...common, data });
new ServiceStack(app, `${prefix}-service`, { ...common, data, identity });

Tags.of(app).add("product", "kaizen-studio");
Tags.of(app).add("stage", stage.name);
Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
app.synth();
