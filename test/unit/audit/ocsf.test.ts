import { describe, expect, it } from "vitest";
import * as z from "zod";
import { ocsfEvent } from "../../../functions/audit/exports/rules/ocsf.ts";
import type { AuditEntry } from "../../../shared/change/items.ts";

/** What OCSF 1.3.0 requires of an event of class API Activity, and the values that it knows. */
const apiActivity = z
  .strictObject({
    category_uid: z.literal(6),
    class_uid: z.literal(6003),
    activity_id: z.union([0, 1, 2, 3, 4, 99].map((id) => z.literal(id))),
    activity_name: z.string(),
    type_uid: z.int(),
    time: z.int().positive(),
    severity_id: z.union([0, 1, 2, 3, 4, 5, 6, 99].map((id) => z.literal(id))),
    status_id: z.union([0, 1, 2, 99].map((id) => z.literal(id))),
    status: z.enum(["Success", "Failure"]),
    status_code: z.string(),
    status_detail: z.string().optional(),
    metadata: z.strictObject({
      version: z.literal("1.3.0"),
      uid: z.string(),
      sequence: z.int().min(0).optional(),
      log_name: z.string(),
      product: z.strictObject({ name: z.string(), vendor_name: z.string() }),
    }),
    actor: z.strictObject({
      user: z.strictObject({
        uid: z.string(),
        type: z.string(),
        type_id: z.union([0, 1, 2, 3, 99].map((id) => z.literal(id))),
        org: z.strictObject({ uid: z.string() }),
      }),
    }),
    api: z.strictObject({
      operation: z.string(),
      service: z.strictObject({ name: z.string() }),
      request: z.strictObject({ uid: z.string() }).optional(),
    }),
    src_endpoint: z.union([z.strictObject({ ip: z.string() }), z.strictObject({ svc_name: z.string() })]),
    http_request: z
      .strictObject({
        uid: z.string(),
        http_method: z.string(),
        user_agent: z.string(),
        url: z.strictObject({ path: z.string() }),
      })
      .optional(),
    resources: z.array(z.strictObject({ uid: z.string(), type: z.string(), name: z.string().optional() })).min(1),
    unmapped: z.looseObject({}),
  })
  .refine(({ type_uid, class_uid, activity_id }) => type_uid === class_uid * 100 + activity_id);

const entry: AuditEntry = {
  id: "aud_00000000000000000000000001",
  organization_id: "org_1",
  occurred_at: "2026-01-01T00:00:00.250Z",
  actor: { type: "user", id: "usr_1" },
  action: "agent.deleted",
  resource: { type: "agent", id: "agt_1", name: "Billing helper" },
  outcome: "succeeded",
  request: { id: "req_1", method: "DELETE", path: "/api/v1/agents/agt_1", ip: "192.0.2.1", user_agent: "curl" },
  changes: [{ field: "name", old: "Billing helper", new: null }],
  reason: null,
};

describe("an audit entry as an event of OCSF", () => {
  it("says who did what to which thing, from where", () => {
    expect(apiActivity.parse(ocsfEvent(entry))).toEqual({
      category_uid: 6,
      class_uid: 6003,
      activity_id: 4,
      activity_name: "deleted",
      type_uid: 600304,
      time: 1767225600250,
      severity_id: 1,
      status_id: 1,
      status: "Success",
      status_code: "succeeded",
      metadata: {
        version: "1.3.0",
        uid: entry.id,
        log_name: "audit",
        product: { name: "Kaizen Studio", vendor_name: "Kaizen Studio" },
      },
      actor: { user: { uid: "usr_1", type: "user", type_id: 1, org: { uid: "org_1" } } },
      api: { operation: "agent.deleted", service: { name: "Kaizen Studio" }, request: { uid: "req_1" } },
      src_endpoint: { ip: "192.0.2.1" },
      http_request: {
        uid: "req_1",
        http_method: "DELETE",
        user_agent: "curl",
        url: { path: "/api/v1/agents/agt_1" },
      },
      resources: [{ uid: "agt_1", type: "agent", name: "Billing helper" }],
      unmapped: { changes: entry.changes },
    });
  });

  it("is one of that class for whatever happened, whoever did it", () => {
    const owner = { type: "user", id: "usr_1" } as const;
    const others: Partial<AuditEntry>[] = [
      { request: null, actor: { type: "system", id: "schedules" } },
      { actor: { type: "api_key", id: "key_1", on_behalf_of: owner }, action: "run.started" },
      { outcome: "denied", action: "access.denied", reason: "Lacks agents:delete" },
      { action: "constructor.constructor", resource: { type: "agent", id: "agt_1" } },
    ];
    const said = others.map((part) => apiActivity.parse(ocsfEvent({ ...entry, ...part })));
    expect(
      said.map(({ src_endpoint, actor, activity_id, activity_name, status_id, status_detail, unmapped }) => [
        ...[
          src_endpoint,
          actor.user.type_id,
          activity_id,
          activity_name,
          status_id,
          status_detail,
          unmapped.on_behalf_of,
        ],
      ]),
    ).toEqual([
      [{ svc_name: "kaizen-studio" }, 3, 4, "deleted", 1, undefined, undefined],
      [{ ip: "192.0.2.1" }, 99, 99, "started", 1, undefined, owner],
      [{ ip: "192.0.2.1" }, 1, 99, "denied", 2, "Lacks agents:delete", undefined],
      [{ ip: "192.0.2.1" }, 1, 99, "constructor", 1, undefined, undefined],
    ]);
  });
});
