import { expect, it } from "vitest";
import { type Company, eventually, unique } from "../../support/api.ts";
import { allFiles, allItems } from "../../support/leftovers.ts";
import { ended, lab } from "./setup.ts";

/**
 * What stays when things are deleted, each with an end of its own: the trail, the ledger, first answers, and counts. What
 * is counted by quotas is compared by itself.
 */
const LASTING = [
  "audit_entry",
  "event",
  "idempotency_key",
  "usage_record",
  "usage_counter",
  "model_answer",
  "token_budget",
  "rate_counter",
  "run_count",
  "lease_count",
  "quota",
];

/** Every item of a tenant, what is due of it too, by key; and its quotas. */
async function itemsOf(tenant: string) {
  const keys = new Set<string>();
  const quotas: Record<string, unknown> = {};
  for await (const { pk, sk, item_type, resource, used } of allItems()) {
    const key = String(pk);
    const own = key === `T#${tenant}` || key.startsWith(`T#${tenant}#`) || key.startsWith(`T#platform#DUE#${tenant}#`);
    if (own && !LASTING.includes(String(item_type))) keys.add(`${pk} ${sk}`);
    if (own && item_type === "quota" && used !== 0) quotas[String(resource)] = used;
  }
  return { keys, quotas };
}

/** The names of a tenant's files. */
const filesOf = async (tenant: string) => (await allFiles()).filter((key) => key.split("/").includes(tenant));

async function made(company: Company, path: string, body: unknown): Promise<string> {
  const answer = await company.call("POST", path, body);
  expect([path, answer.status < 300]).toEqual([path, true]);
  return answer.body.id;
}

it("what deleting a run, a webhook and a workspace leaves is nothing: no item, no file, nothing due, no place taken", async () => {
  const { company, agent_id } = await lab();
  const tenant = company.organization_id;
  const before = { ...(await itemsOf(tenant)), files: await filesOf(tenant) };

  const workspace_id = await made(company, "/workspaces", {
    name: unique("Workspace"),
    workspace_type: "temporary",
    expires_at: new Date(Date.now() + 86_400_000).toISOString(),
  });
  // Nobody answers there: its deliveries wait, each with an attempt and with something due.
  const webhook_id = await made(company, "/webhooks", {
    name: "Nobody",
    url: "http://127.0.0.1:9/hook",
    events: ["run.*"],
  });
  const run = await company.call("POST", `/agents/${agent_id}/runs`, { input: "x".repeat(20_000) });
  expect(run.status).toBe(202);
  expect((await ended(company, run.body.id)).status).toBe("completed");
  await eventually(async () => {
    const { items } = (await company.call("GET", `/webhooks/${webhook_id}/deliveries`)).body;
    return items.some(({ attempt_count }: { attempt_count: number }) => attempt_count > 0) ? items : undefined;
  }, "a delivery was tried");
  const full = { ...(await itemsOf(tenant)), files: await filesOf(tenant) };
  expect(full.keys.size - before.keys.size).toBeGreaterThan(15);
  expect(full.files.some((key) => key.startsWith("runs/"))).toBe(true);
  expect(full.quotas).not.toEqual(before.quotas);

  for (const path of [`/runs/${run.body.id}`, `/webhooks/${webhook_id}`, `/workspaces/${workspace_id}`])
    expect([path, (await company.call("DELETE", path)).status]).toEqual([path, 204]);
  await eventually(
    async () => {
      const now = await itemsOf(tenant);
      return now.keys.difference(before.keys).size === 0 ? now : undefined;
    },
    "everything is cleared away",
    120,
  );
  const after = { ...(await itemsOf(tenant)), files: await filesOf(tenant) };
  expect([...after.keys].sort()).toEqual([...before.keys].sort());
  expect(after.quotas).toEqual(before.quotas);
  expect(after.files).toEqual(before.files);
});
