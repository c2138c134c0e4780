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
  /** Starts an execution that looks again at a step which waits; under the same name it is started once. */
  wake(
    tenant: string,
    run_id: string,
    ticket: { readonly node: string; readonly attempt: number },
    name: string,
  ): Promise<void>;
  /** Ends an execution by its name; one that has ended is as good as ended. */
  stop(execution: string): Promise<void>;
  /** How the run's first execution ended, if it did without completing: `failed`, `aborted` or `timed_out`. */
  failure(run_id: string): Promise<string | undefined>;
  /** What an execution was started with. */
  input(execution_arn: string): Promise<string | undefined>;
}

export function connectWorkflow(client: Pick<SFNClient, "send">, machine_arn: string): Workflow {
  const arnOf = (execution: string) => `${machine_arn.replace(":stateMachine:", ":execution:")}:${execution}`;
  const begin = async (name: string, input: object) => {
    const text = JSON.stringify({ ...input, hops: 0 });
    try {
      await client.send(new StartExecutionCommand({ stateMachineArn: machine_arn, name, input: text }));
    } catch (error) {
      if (!(error instanceof ExecutionAlreadyExists)) throw error;
    }
  };
  return {
    start: (tenant, run_id) => begin(run_id, { tenant, run_id, ticket: null }),
    wake: (tenant, run_id, { node, attempt }, name) =>
      begin(name, { tenant, run_id, ticket: { node, attempt, woken: true } }),
    async stop(execution) {
      try {
        await client.send(new StopExecutionCommand({ executionArn: arnOf(execution), cause: "The run is over." }));
      } catch (error) {
        if (!(error instanceof ExecutionDoesNotExist) && (error as Error).name !== "ValidationException") throw error;
      }
    },
    async failure(run_id) {
      try {
        const { status } = await client.send(new DescribeExecutionCommand({ executionArn: arnOf(run_id) }));
        return status === "FAILED" || status === "ABORTED" || status === "TIMED_OUT" ? status.toLowerCase() : undefined;
      } catch (error) {
        // An execution is seen a moment after its start.
        if (error instanceof ExecutionDoesNotExist) return undefined;
        throw error;
      }
    },
    async input(executionArn) {
      return (await client.send(new DescribeExecutionCommand({ executionArn }))).input;
    },
  };
}
