import { Stack } from "aws-cdk-lib";
import type { FunctionUrl } from "aws-cdk-lib/aws-lambda";
import type { Construct } from "constructs";
import type { Area } from "../../shared/room.ts";
import { Rooms } from "../constructs/rooms.ts";
import { RunWorkflow } from "../constructs/run-workflow.ts";
import type { StageProps } from "./data.ts";
import type { GatewayStack } from "./gateway.ts";
import type { Ground } from "./ground.ts";
import { resourcesOf } from "./resources.ts";

export interface AreaProps extends StageProps {
  readonly area: Area;
  readonly ground: Ground;
  readonly gateway: GatewayStack;
}

/** One area of the product: its rooms, and in the run area the workflow that walks pipelines. */
export class AreaStack extends Stack {
  readonly streams: Readonly<Record<string, FunctionUrl>>;

  constructor(scope: Construct, id: string, { area, ground, gateway, stage, bundles: _, ...props }: AreaProps) {
    super(scope, id, props);
    const resources = resourcesOf(this, ground);
    const { functions, streams } = new Rooms(this, { area, ground, resources, people: { pool: ground.pool, gateway } });
    const runNode = functions["runs/run_node"];
    if (runNode !== undefined)
      new RunWorkflow(this, "RunWorkflow", { stage, resources, runNode, dataKey: ground.data.dataKey });
    this.streams = streams;
  }
}
