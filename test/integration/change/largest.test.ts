import { beforeAll, describe, expect, it } from "vitest";
import { agentLimits } from "../../../functions/agents/model.ts";
import { eventTypes } from "../../../functions/events.ts";
import { maxSubscriptions } from "../../../functions/webhooks/model.ts";
import { MOST_INITIAL_MEMBERS } from "../../../functions/workspaces/operations.ts";
import { MOST_WORKSPACES } from "../../../functions/workspaces/public.ts";
import { SMALL_CHANGE } from "../../../shared/change/commit.ts";
import { timestamp } from "../../../shared/clock.ts";
import { membershipItem, organizationItem } from "../../../shared/identity/items.ts";
import { newEtag, newId } from "../../../shared/ids.ts";
import { agentBody } from "../../support/agents.ts";
import { type Company, registerCompany, unique } from "../../support/api.ts";
import { stackTable } from "../../support/stack.ts";

let company: Company;
let workspaces: string[];

/** A request that stores its answer too, as the largest form of any change does. */
const send = async (method: string, path: string, body: unknown, status: number) => {
  const answer = await company.call(method, path, body, { "idempotency-key": unique() });
  expect(answer.status, `${method} ${path}: ${answer.text}`).toBe(status);
  return answer.body;
};

beforeAll(async () => {
  company = await registerCompany();
  const table = stackTable().of(company.organization_id);
  await table.transact([table.writes.update(organizationItem, {}, { set: { plan: "enterprise" } })]);
  workspaces = [company.workspace_id];
  while (workspaces.length < 2 * MOST_WORKSPACES)
    workspaces.push((await send("POST", "/workspaces", { name: unique("Space") }, 201)).id);
});

const first = () => workspaces.slice(0, MOST_WORKSPACES);
const second = () => workspaces.slice(MOST_WORKSPACES);

describe("at the limits of what it is about, each change fits into its one transaction and into what it states:", () => {
  it("a pipeline that is made in all its workspaces, and moves to as many others", async () => {
    const body = { name: unique("Pipeline"), pattern: "router", workspace_ids: first() };
    const { id } = await send("POST", "/pipelines", body, 201);
    await send("PATCH", `/pipelines/${id}`, { name: unique("Moved"), workspace_ids: second() }, 200);
    await send("POST", `/pipelines/${id}/duplicate`, {}, 201);
  });

  it("a webhook with all its subscriptions, and with as many others", async () => {
    // Groups are entries of their own: together there are enough of both.
    const entries = [...eventTypes, ...new Set(eventTypes.map((type) => `${type.split(".")[0]}.*`))];
    const most = Math.min(maxSubscriptions, Math.floor(entries.length / 2));
    expect(most).toBeGreaterThan(SMALL_CHANGE);
    const body = { name: "All", url: "https://example.com/", events: entries.slice(0, most) };
    const { id } = await send("POST", "/webhooks", body, 201);
    const events = entries.slice(most, 2 * most);
    await send("PATCH", `/webhooks/${id}`, { status: "paused" }, 200);
    await send("PATCH", `/webhooks/${id}`, { status: "active", events }, 200);
    // What the next tests do is not to be delivered to nowhere.
    await send("PATCH", `/webhooks/${id}`, { status: "paused" }, 200);
  });

  it("a temporary workspace with all its first members", async () => {
    const table = stackTable().of(company.organization_id);
    const at = new Date();
    const members = Array.from({ length: MOST_INITIAL_MEMBERS }, () => newId("user", at));
    const common = {
      organization_id: company.organization_id,
      role: "viewer",
      joined_via: "invitation",
      status: "active",
    } as const;
    const times = {
      name_key: "",
      joined_at: timestamp(at),
      last_seen_on: "0000-00-00",
      updated_at: timestamp(at),
      etag: newEtag(at),
      primary: false,
    };
    await table.transact(
      members.map((user_id) => table.writes.create(membershipItem, { ...common, ...times, user_id })),
    );
    await send(
      "POST",
      "/workspaces",
      {
        name: unique("Crowd"),
        workspace_type: "temporary",
        expires_at: timestamp(new Date(at.getTime() + 3_600_000)),
        initial_members: members.map((user_id) => ({ user_id, role: "member" })),
      },
      201,
    );
  });

  it("an agent in all its workspaces with all its parts: moved, copied, and rolled back to other parts and another name", async () => {
    const { id } = await send("POST", "/agents", agentBody({ workspace_ids: first() }), 201);
    const path = `/agents/${id}`;
    const add = async (round: string) => {
      for (let i = 0; i < agentLimits.contexts; i++)
        await send("POST", `${path}/contexts`, { name: `${round}${i}`, content_type: "text", content: "A fact." }, 201);
      for (let i = 0; i < agentLimits.tools; i++) {
        const config = { expression: "1", parameters: { type: "object", properties: {} } };
        await send(
          "POST",
          `${path}/tools`,
          { tool_type: "function", name: `${round}${i}`, description: "One.", config },
          201,
        );
      }
    };
    await add("a");
    await send("POST", `${path}/versions`, {}, 201);
    await send("POST", `${path}/duplicate`, {}, 201);
    const { contexts, tools } = await send("GET", path, undefined, 200);
    for (const context of contexts) await send("DELETE", `${path}/contexts/${context.id}`, undefined, 204);
    for (const tool of tools) await send("DELETE", `${path}/tools/${tool.id}`, undefined, 204);
    await add("b");
    await send("PATCH", path, { name: unique("Renamed") }, 200);
    const rolled = await send("POST", `${path}/versions/1/rollback`, undefined, 200);
    expect(rolled.tools.map(({ name }: { name: string }) => name)).toContain("a0");
    await send("PATCH", path, { name: unique("Moved"), workspace_ids: second() }, 200);
  });
});
