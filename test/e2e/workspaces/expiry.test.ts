import { expect, it } from "vitest";
import { eventually, registerCompany } from "../../support/api.ts";
import { sweepDue } from "../../support/sweeper.ts";

it("a temporary workspace is archived by way of the deployed sweeper once its time has come", async () => {
  const company = await registerCompany();
  const expires_at = new Date(Date.now() + 1_500).toISOString();
  const created = await company.call("POST", "/workspaces", {
    name: "Sprint",
    workspace_type: "temporary",
    expires_at,
  });
  expect(created.status).toBe(201);
  await new Promise((resolve) => setTimeout(resolve, 1_600));
  await sweepDue();
  const archived = await eventually(async () => {
    const { body } = await company.call("GET", `/workspaces/${created.body.id}`);
    return body.status === "archived" ? body : undefined;
  }, "the workspace is archived");
  expect(archived.archived_at >= expires_at).toBe(true);
});
