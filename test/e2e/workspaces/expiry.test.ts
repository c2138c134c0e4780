import { AwsClient } from "aws4fetch";
import { expect, inject, it } from "vitest";
import { awsAt } from "../../../local/aws.ts";
import { findFunction, listFunctions } from "../../../local/stream/functions.ts";
import { registerCompany } from "../../support/api.ts";
import { awsConfig } from "../../support/stack.ts";

/** Runs a deployed function with its own role, as its schedule does. */
async function invoke(description: string): Promise<{ status: number; fault: string | null; text: string }> {
  const { endpoint } = inject("stack");
  const { region, credentials } = awsConfig();
  const client = new AwsClient({ ...credentials, region, service: "lambda", retries: 0 });
  const { FunctionName } = findFunction(await listFunctions(awsAt(endpoint)), description);
  const url = `${endpoint}/2015-03-31/functions/${FunctionName}/invocations`;
  const answer = await client.fetch(url, { method: "POST", body: "{}" });
  return { status: answer.status, fault: answer.headers.get("x-amz-function-error"), text: await answer.text() };
}

it("a temporary workspace is archived by the scheduled sweep once its time has come", async () => {
  const company = await registerCompany();
  const expires_at = new Date(Date.now() + 1_500).toISOString();
  const created = await company.call("POST", "/workspaces", {
    name: "Sprint",
    workspace_type: "temporary",
    expires_at,
  });
  expect(created.status).toBe(201);
  await new Promise((resolve) => setTimeout(resolve, 1_600));
  const swept = await invoke("workspaces: expiry");
  expect(swept).toMatchObject({ status: 200, fault: null });
  const read = await company.call("GET", `/workspaces/${created.body.id}`);
  expect(read.body.status).toBe("archived");
});
