import { readFileSync } from "node:fs";
import { CfnOutput, Duration, RemovalPolicy } from "aws-cdk-lib";
import { PolicyDocument, PolicyStatement, Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import type { IKey } from "aws-cdk-lib/aws-kms";
import { LogGroup, RetentionDays } from "aws-cdk-lib/aws-logs";
import {
  CustomerManagedEncryptionConfiguration,
  DefinitionBody,
  LogLevel,
  StateMachine,
} from "aws-cdk-lib/aws-stepfunctions";
import { Construct } from "constructs";
import type { Resources } from "../grants.ts";
import { acknowledge } from "../nag.ts";
import { runMachineName } from "../stacks/resources.ts";
import type { Stage } from "../stages.ts";
import type { RoomFunction } from "./room-function.ts";

export interface RunWorkflowProps {
  readonly stage: Stage;
  readonly resources: Resources;
  readonly runNode: RoomFunction;
  readonly dataKey: IKey | undefined;
}

/** The one generic state machine that walks any pipeline graph; `statemachines/pipeline-run.asl.json`. */
export class RunWorkflow extends Construct {
  constructor(scope: Construct, id: string, { stage, resources, runNode, dataKey }: RunWorkflowProps) {
    super(scope, id);
    const machineName = runMachineName(stage);
    const logs = new LogGroup(this, "Logs", {
      // Under this prefix AWS needs no entry per group in its policy of log delivery, which holds only some dozens.
      logGroupName: `/aws/vendedlogs/states/${machineName}`,
      retention: RetentionDays.ONE_MONTH,
      removalPolicy: stage.protect_data ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
      ...(dataKey === undefined ? {} : { encryptionKey: dataKey }),
    });
    const role = new Role(this, "Role", {
      assumedBy: new ServicePrincipal("states.amazonaws.com"),
      inlinePolicies: {
        own: new PolicyDocument({
          statements: [
            new PolicyStatement({ actions: ["lambda:InvokeFunction"], resources: [runNode.fn.functionArn] }),
            new PolicyStatement({ actions: ["states:StartExecution"], resources: [resources.machineArn] }),
          ],
        }),
      },
    });
    const machine = new StateMachine(this, "Machine", {
      stateMachineName: machineName,
      role,
      definitionBody: DefinitionBody.fromString(readFileSync("statemachines/pipeline-run.asl.json", "utf8")),
      definitionSubstitutions: {
        RunNodeArn: runNode.fn.functionArn,
        MachineArn: resources.machineArn,
      },
      logs: { destination: logs, level: LogLevel.ERROR, includeExecutionData: false },
      // The CDK lets the workflow's role use the key for this workflow and for sending its log.
      ...(dataKey === undefined
        ? {}
        : { encryptionConfiguration: new CustomerManagedEncryptionConfiguration(dataKey, Duration.minutes(5)) }),
    });
    acknowledge(
      role,
      "AwsSolutions-IAM5[Resource::*]",
      "Writing logs of a workflow needs log delivery actions that take no resource.",
    );
    acknowledge(
      machine,
      "AwsSolutions-SF1",
      "State payloads carry ids only and steps keep their own records; errors are logged.",
    );
    acknowledge(machine, "AwsSolutions-SF2", "The product records each step with its timing; X-Ray is not used.");
    new CfnOutput(scope, "StateMachineArn", { value: machine.stateMachineArn }).overrideLogicalId("StateMachineArn");
  }
}
