import { beforeAll, describe, expect, it } from "vitest";
import { runItem, runStateItem } from "../../../functions/runs/store.ts";
import { deliveryItem } from "../../../functions/webhooks/store.ts";
import { auditItem } from "../../../shared/change/items.ts";
import { organizationItem } from "../../../shared/identity/items.ts";
import { createAgent } from "../../support/agents.ts";
import { type Company, eventually } from "../../support/api.ts";
import { addMember } from "../../support/members.ts";
import { stackTable } from "../../support/stack.ts";
import { ended, lab } from "../runs/setup.ts";

let company: Company;
let agent_id: string;
let path: string;
beforeAll(async () => {
  ({ company, agent_id } = await lab());
  path = `/organizations/${company.organization_id}/settings`;
});

const table = () => stackTable().of(company.organization_id);
const plan = (name: "pro" | "enterprise") =>
  table().transact([table().writes.update(organizationItem, {}, { set: { plan: name } })]);
const patch = (retention: object, headers = {}) => company.call("PATCH", path, { retention }, headers);
const DAY = 86_400_000;
const kept = ({ expires_at }: { expires_at: string }, since: string) =>
  (Date.parse(expires_at) - Date.parse(since)) / DAY;

const unset = { run_days: 30, thread_days: 30, delivery_days: 30, audit_days: 400, archived_days: 30 };
const general = { theme: "system", timezone: "UTC", language: "en" };
const notifications = { email: true, push: true, slack: false, digest: true };
const security = {
  session_lifetime_hours: 168,
  idle_timeout_minutes: null,
  require_mfa: false,
  sign_in_methods: ["password", "sso", "google", "microsoft"],
  allowed_addresses: [],
};

describe("the settings of an organization", () => {
  it("say what holds, and are changed key by key under an entity tag and a version that rise", async () => {
    const first = await company.call("GET", path);
    const others = { general, notifications, security };
    expect(first.body).toEqual({ organization_id: company.organization_id, version: 0, retention: unset, ...others });
    const changed = await patch({ run_days: 7 }, { "if-match": first.headers.get("etag") ?? "" });
    expect([changed.status, changed.body]).toEqual([
      200,
      { organization_id: company.organization_id, version: 1, retention: { ...unset, run_days: 7 }, ...others },
    ]);
    expect((await patch({ run_days: 30 }, { "if-match": first.headers.get("etag") ?? "" })).status).toBe(412);
    expect((await patch({ delivery_days: 8 })).body).toMatchObject({ version: 2, retention: { run_days: 7 } });
    expect((await patch({ delivery_days: 8 })).body.version).toBe(2);
    expect((await patch({ run_days: null, delivery_days: null })).body).toMatchObject({ version: 3, retention: unset });
    const { items } = (await company.call("GET", "/audit/logs?action=organization.updated")).body;
    expect(items.at(-1).changes).toEqual([{ field: "settings.retention.run_days", old: null, new: 7 }]);
    expect((await company.call("GET", `/organizations/${company.organization_id}`)).body.settings).toBeUndefined();
  });

  it("of many changes at once keep all keys", async () => {
    await plan("pro");
    const wanted = { run_days: 7, thread_days: 30, delivery_days: 9, audit_days: 500, archived_days: 10 };
    const all = await Promise.all(Object.entries(wanted).map(([key, days]) => patch({ [key]: days })));
    expect(all.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
    expect((await company.call("GET", path)).body).toMatchObject({ version: 8, retention: wanted });
  });

  it("refuse what the plan does not allow, and whoever may not change them", async () => {
    const refused = await patch({ run_days: 31, delivery_days: 91, audit_days: 399, archived_days: 30 });
    expect([refused.status, refused.body.issues]).toEqual([
      422,
      [
        { path: "retention.run_days", message: "must be 7, 30, 90 or 400" },
        { path: "retention.delivery_days", message: "must be 7 to 90 on the plan pro" },
        { path: "retention.audit_days", message: "must be 400 to 800 on the plan pro" },
      ],
    ]);
    const viewer = await addMember(company, "viewer");
    expect((await viewer.call("GET", path)).status).toBe(200);
    expect((await viewer.call("PATCH", path, { retention: { run_days: 7 } })).status).toBe(403);
  });
});

describe("what is written after a change", () => {
  it("is kept as long as was set: runs, what they leave in the trail, deliveries, what is archived", async () => {
    await plan("enterprise");
    const before = await company.call("POST", `/agents/${agent_id}/runs`, { input: "before" });
    expect((await patch({ run_days: 90, delivery_days: 60, audit_days: 1_000, archived_days: 50 })).status).toBe(200);
    const webhook = await company.call("POST", "/webhooks", {
      name: "Nobody",
      url: "http://127.0.0.1:9/hook",
      events: ["run.completed"],
    });
    const started = await company.call("POST", `/agents/${agent_id}/runs`, { input: "after" });
    for (const { body } of [before, started]) expect((await ended(company, body.id)).status).toBe("completed");
    const run = await table().get(runItem, { id: started.body.id });
    const state = await table().get(runStateItem, { run_id: started.body.id });
    if (run === undefined || state === undefined) throw new Error("there is no run");
    expect([kept(run, run.created_at), kept(state, run.created_at)]).toEqual([90, 90]);

    const trail = async (resource_key: string, action: string) => {
      const { items } = await table().page(auditItem, { index: "gsi2", of: { resource_key }, limit: 100 });
      return items.filter((one) => one.action === action).map((one) => Math.round(kept(one, one.occurred_at)));
    };
    expect(await trail(`run:${started.body.id}`, "run.started")).toEqual([1_000]);
    expect(await trail(`run:${started.body.id}`, "run.completed")).toEqual([1_000]);
    // What had begun before keeps its end.
    expect(await trail(`run:${before.body.id}`, "run.completed")).toEqual([500]);
    expect(await trail(`webhook:${webhook.body.id}`, "webhook.created")).toEqual([1_000]);

    const delivery = await eventually(async () => {
      const { items } = await table().page(deliveryItem, { of: { webhook_id: webhook.body.id }, limit: 1 });
      return items[0];
    }, "a delivery was made");
    expect(kept(delivery, delivery.created_at)).toBe(60);

    const agent = await createAgent(company);
    const archived = (await company.call("POST", `/agents/${agent.id}/archive`, {})).body;
    expect(kept({ expires_at: archived.purge_at }, archived.archived_at)).toBe(50);
  });
});
