import { AwsClient } from "aws4fetch";
import { inject } from "vitest";
import { awsAt } from "../../local/aws.ts";
import { findFunction, listFunctions } from "../../local/stream/functions.ts";
import { awsConfig } from "./stack.ts";

/** Runs the deployed sweeper of due things with its own role, as its schedule does every minute. */
export async function sweepDue(): Promise<void> {
  const { endpoint } = inject("stack");
  const { region, credentials } = awsConfig();
  const client = new AwsClient({ ...credentials, region, service: "lambda", retries: 0 });
  const { FunctionName } = findFunction(await listFunctions(awsAt(endpoint)), "due: sweep");
  const url = `${endpoint}/2015-03-31/functions/${FunctionName}/invocations`;
  const answer = await client.fetch(url, { method: "POST", body: "{}" });
  const fault = answer.headers.get("x-amz-function-error");
  if (!answer.ok || fault !== null) throw new Error(`the sweeper failed: ${answer.status} ${await answer.text()}`);
}
