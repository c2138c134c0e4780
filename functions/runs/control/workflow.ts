import {
  DescribeExecutionCommand,
  ExecutionAlreadyExists,
  ExecutionDoesNotExist,
  type SFNClient,
  StartExecutionCommand,
  StopExecutionCommand,
} from "@aws-sdk/client-sfn";

/** The workflow service, as far as runs need it. */
export interface Workflow {
  /** Starts the run's first execution. Named after the run, so starting it again starts nothing. */
  start(tenant: string, run_id: string): Promise<void>;
  /** Ends an execution by its name; one that has ended is as good as ended. */
  stop(execution: string): Promise<void>;
  /** What an execution was started with. */
  input(execution_arn: string): Promise<string | undefined>;
}

export function connectWorkflow(client: Pick<SFNClient, "send">, machine_arn: string): Workflow {
  return {
    async start(tenant, run_id) {
      const input = JSON.stringify({ tenant, run_id, ticket: null, hops: 0 });
      try {
        await client.send(new StartExecutionCommand({ stateMachineArn: machine_arn, name: run_id, input }));
      } catch (error) {
        if (!(error instanceof ExecutionAlreadyExists)) throw error;
      }
    },
    async stop(execution) {
      const executionArn = `${machine_arn.replace(":stateMachine:", ":execution:")}:${execution}`;
      try {
        await client.send(new StopExecutionCommand({ executionArn, cause: "The run is over." }));
      } catch (error) {
        if (!(error instanceof ExecutionDoesNotExist) && (error as Error).name !== "ValidationException") throw error;
      }
    },
    async input(executionArn) {
      return (await client.send(new DescribeExecutionCommand({ executionArn }))).input;
    },
  };
}
