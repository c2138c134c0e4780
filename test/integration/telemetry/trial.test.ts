import { expect, it } from "vitest";
import { headerContext, traceExportItem } from "../../../functions/telemetry/store.ts";
import { registerCompany } from "../../support/api.ts";
import { stackPlatform } from "../../support/stack.ts";

it("a trial says where the headers cannot be opened any more, and sends nothing", async () => {
  const company = await registerCompany();
  const endpoint = "https://collector.example.com/v1/traces";
  await company.call("PUT", "/trace-export", { endpoint, headers: { "api-key": "a-key" } });
  const { secrets, table } = stackPlatform();
  const sealed = await secrets.encrypt("another", headerContext("org_1", "api-key"));
  const { writes } = table.of(company.organization_id);
  await table.transact([writes.update(traceExportItem, {}, { set: { headers: [{ name: "api-key", sealed }] } })]);
  const { status, body } = await company.call("POST", "/trace-export/test");
  expect(status).toBe(200);
  expect(body).toMatchObject({ ok: false, status: null, code: "headers_unreadable" });
});
