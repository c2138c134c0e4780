import { App, CliCredentialsStackSynthesizer, DefaultStackSynthesizer, Tags, Validations } from "aws-cdk-lib";
import type { FunctionUrl } from "aws-cdk-lib/aws-lambda";
import { AwsSolutionsChecks } from "cdk-nag";
import { areas } from "../shared/room.ts";
import { namePrefix } from "./constructs/data-key.ts";
import { DeploymentMistake, readContext } from "./context.ts";
import { product as current, type Product, roomsOf } from "./product.ts";
import { AreaStack } from "./stacks/area.ts";
import { DataStack } from "./stacks/data.ts";
import { DataPlaneStack } from "./stacks/data-plane.ts";
import { FIREWALL_REGION, type FirewallProps, FirewallStack } from "./stacks/firewall.ts";
import { FrontStack } from "./stacks/front.ts";
import { GatewayStack } from "./stacks/gateway.ts";
import { MessagingStack } from "./stacks/messaging.ts";
import { PoolStack } from "./stacks/pool.ts";
import { type Stage, stageOf } from "./stages.ts";

export interface BuildOptions {
  /** Folder with the bundled functions. */
  readonly bundles: string;
  /** Context beside what the CDK's command line gives, for example `{stage: "production"}`. */
  readonly context?: Readonly<Record<string, unknown>>;
  /** Where the cloud assembly is written, when the command line does not say. */
  readonly outdir?: string;
  /** What is deployed; the product as it stands when not given. */
  readonly product?: Product;
}

/**
 * Looks at what the deployment says of itself, before anything is built.
 * @throws DeploymentMistake
 */
export const checkContext = (): void =>
  // An app that writes nothing: it reads what the command line gives.
  void stageOf(readContext(new App({ autoSynth: false }).node.getAllContext()));

/** Services use keys of their own region only. */
function requireHere({ data_key }: Stage, region: string): void {
  const there = data_key?.arn?.split(":")[3] ?? region;
  if (there !== region)
    throw new DeploymentMistake(`customer_managed_key is a key of ${there}: this deployment goes to ${region}`);
}

/** The CDK carries a value from the firewall's region to the front's, where those are two. */
const across = (region: string) => (region === FIREWALL_REGION ? {} : { crossRegionReferences: true });

/** The ARN of what stands before the front: the deployment's own firewall, or one of the account. */
function firewallOf(app: App, stage: Stage, props: FirewallProps): string | undefined {
  if (!stage.firewall) return stage.web_acl_arn;
  const { region, account } = props.data;
  const env = { account, region: FIREWALL_REGION };
  return new FirewallStack(app, `${namePrefix(stage)}-firewall`, { ...props, ...across(region), env }).arn;
}

/**
 * The CDK app with all stacks of one stage; the security rules are checked when it is synthesized. Each stack refers only
 * to those before it: data, messaging, user pool, data plane, gateway, then the areas, none of which needs another, then the front.
 */
export function buildApp({ bundles, context: own = {}, outdir, product = current }: BuildOptions): App {
  const app = new App({ context: own, ...(outdir === undefined ? {} : { outdir }) });
  const stage = stageOf(readContext(app.node.getAllContext()));
  const prefix = namePrefix(stage);
  const env = {
    account: process.env.CDK_DEFAULT_ACCOUNT ?? "000000000000",
    region: process.env.CDK_DEFAULT_REGION ?? "us-east-1",
  };
  requireHere(stage, env.region);
  const common = {
    stage,
    bundles,
    env,
    terminationProtection: stage.protect_data,
    // The local AWS refuses the publishing roles of the usual synthesizer under enforced IAM.
    synthesizer: stage.name === "local" ? new CliCredentialsStackSynthesizer() : new DefaultStackSynthesizer(),
  };
  const data = new DataStack(app, `${prefix}-data`, common);
  const messaging = new MessagingStack(app, `${prefix}-messaging`, { ...common, product, data });
  const pool = new PoolStack(app, `${prefix}-pool`, { ...common, product, data, messaging });
  const dataPlane = new DataPlaneStack(app, `${prefix}-plane`, {
    ...common,
    beneath: { product, data, messaging },
  });
  const ground = { stage, bundles, product, data, messaging, pool, dataPlane };
  const gateway = new GatewayStack(app, `${prefix}-gateway`, { ...common, ground });
  const streams: Record<string, FunctionUrl> = {};
  for (const area of areas) {
    if (area === "gateway" || area === "plane" || roomsOf(product, area).length === 0) continue;
    const stack = new AreaStack(app, `${prefix}-${area}`, { ...common, area, ground, gateway });
    Object.assign(streams, stack.streams);
  }
  if (stage.name !== "local") {
    const firewall = firewallOf(app, stage, { ...common, data, messaging });
    new FrontStack(app, `${prefix}-front`, {
      ...common,
      ...across(env.region),
      product,
      data,
      gateway,
      firewall,
      streams,
    });
  }

  Tags.of(app).add("product", "kaizen-studio");
  Tags.of(app).add("stage", stage.name);
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  return app;
}
