import { App, CliCredentialsStackSynthesizer, DefaultStackSynthesizer, Tags, Validations } from "aws-cdk-lib";
import { AwsSolutionsChecks } from "cdk-nag";
import { DataStack } from "./stacks/data.ts";
import { IdentityStack } from "./stacks/identity.ts";
import { ServiceStack } from "./stacks/service.ts";
import { stageOf } from "./stages.ts";

export interface BuildOptions {
  /** Folder with the bundled functions. */
  readonly bundles: string;
  /** Context beside what the CDK's command line gives, for example `{stage: "production"}`. */
  readonly context?: Readonly<Record<string, unknown>>;
  /** Where the cloud assembly is written, when the command line does not say. */
  readonly outdir?: string;
}

/** The CDK app with all stacks of one stage; the security rules are checked when it is synthesized. */
export function buildApp({ bundles, context: own = {}, outdir }: BuildOptions): App {
  const app = new App({ context: own, ...(outdir === undefined ? {} : { outdir }) });
  const context = (key: string): string | undefined => app.node.tryGetContext(key) as string | undefined;
  const stage = stageOf(context("stage") ?? "development", context);
  const prefix = `kaizen-studio-${stage.name}`;
  const common = {
    stage,
    bundles,
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
  return app;
}
