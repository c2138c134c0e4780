import { describe, expect, it } from "vitest";
import { MAX_ACTIVE_AGENTS } from "../../../functions/pipelines/model.ts";
import { MOST_WORKSPACES } from "../../../functions/workspaces/public.ts";
import { organizationItem } from "../../../shared/identity/items.ts";
import { agentOf, chain } from "../../e2e/pipelines/graphs.ts";
import { registerCompany, unique } from "../../support/api.ts";
import { stackTable } from "../../support/stack.ts";

describe("the largest activation", () => {
  it(`${MAX_ACTIVE_AGENTS} agents and ${MOST_WORKSPACES} workspaces fit into its one transaction; one agent more is refused`, async () => {
    const company = await registerCompany();
    const table = stackTable().of(company.organization_id);
    await table.transact([table.writes.update(organizationItem, {}, { set: { plan: "enterprise" } })]);
    const agents: string[] = [];
    while (agents.length < MAX_ACTIVE_AGENTS + 1)
      agents.push(...(await Promise.all(Array.from({ length: 5 }, () => agentOf(company)))));
    const workspace_ids = [company.workspace_id];
    while (workspace_ids.length < MOST_WORKSPACES) {
      const created = await company.call("POST", "/workspaces", { name: unique("Workspace") });
      expect(created.status).toBe(201);
      workspace_ids.push(created.body.id);
    }
    const created = await company.call("POST", "/pipelines", { name: "Large", pattern: "sequential", workspace_ids });
    expect(created.status).toBe(201);
    const path = `/pipelines/${created.body.id}`;
    const most = agents.slice(0, MAX_ACTIVE_AGENTS);
    await company.call("PUT", `${path}/graph`, chain(most));
    const active = await company.call("POST", `${path}/activate`, {}, { "idempotency-key": unique() });
    expect(active.status).toBe(200);
    await company.call("PUT", `${path}/graph`, chain(agents.slice(0, MAX_ACTIVE_AGENTS + 1)));
    const beyond = await company.call("POST", `${path}/activate`, {});
    expect([beyond.status, beyond.body.code, beyond.body.issues[0].code]).toEqual([
      409,
      "graph_invalid",
      "too_many_agents",
    ]);
    const draft = await company.call("POST", `${path}/deactivate`, undefined, { "idempotency-key": unique() });
    expect(draft.body).toMatchObject({ status: "draft", active_revision: null });
  });

  it(`one activation exchanges at most ${MAX_ACTIVE_AGENTS} agents; more go by deactivating first`, async () => {
    const company = await registerCompany();
    const table = stackTable().of(company.organization_id);
    await table.transact([table.writes.update(organizationItem, {}, { set: { plan: "enterprise" } })]);
    const agents: string[] = [];
    while (agents.length < MAX_ACTIVE_AGENTS + 5)
      agents.push(...(await Promise.all(Array.from({ length: 5 }, () => agentOf(company)))));
    const created = await company.call("POST", "/pipelines", { name: "Large", pattern: "sequential" });
    const path = `/pipelines/${created.body.id}`;
    const [first, second] = [agents.slice(0, 22), agents.slice(22, 44)];
    await company.call("PUT", `${path}/graph`, chain(first));
    expect((await company.call("POST", `${path}/activate`, {})).status).toBe(200);
    await company.call("PUT", `${path}/graph`, chain(second));
    const refused = await company.call("POST", `${path}/activate`, {});
    expect([refused.status, refused.body.code]).toEqual([409, "conflict"]);
    expect((await company.call("GET", path)).body.active_revision).toBe(2);
    await company.call("POST", `${path}/deactivate`);
    expect((await company.call("POST", `${path}/activate`, {})).body.active_revision).toBe(3);
  });
});
