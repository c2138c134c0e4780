import { expect, it } from "vitest";
import { fanOut } from "../../../functions/webhooks/deliveries/fan-out.ts";
import { deliveryItem } from "../../../functions/webhooks/store.ts";
import { organizationItem } from "../../../shared/identity/items.ts";
import { UNSET } from "../../../shared/identity/settings.ts";
import { faultyTable, type TableCommand } from "../../support/faulty-table.ts";
import { World } from "./world.ts";

it("deliveries are kept as their organization has set, which is read in the batch of the webhooks and by no further call", async () => {
  const world = new World();
  const webhook = await world.webhook("http://127.0.0.1:9/", ["agent.created"]);
  const settings = { ...UNSET, version: 1, retention: { delivery_days: 9 } };
  await world.tenant.transact([world.tenant.writes.update(organizationItem, {}, { set: { settings } })]);
  const event = await world.event("agent.created");
  const reads: TableCommand[] = [];
  const table = faultyTable((command) => {
    if (command === "Get" || command === "BatchGet") reads.push(command);
    return undefined;
  });
  await fanOut(event, { table, attempts: world.attempts });
  expect(reads).toEqual(["BatchGet"]);
  const { items } = await world.tenant.page(deliveryItem, { of: { webhook_id: webhook.id }, limit: 10 });
  expect(items.map(({ created_at, expires_at }) => Date.parse(expires_at) - Date.parse(created_at))).toEqual([
    9 * 86_400_000,
  ]);
});
