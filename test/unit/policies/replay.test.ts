import { describe, expect, it } from "vitest";
import { Changes } from "../../../functions/policies/replay/rules/changes.ts";
import { decided, type Found } from "../../../functions/policies/replay/rules/decided.ts";
import { recordedOf } from "../../../functions/policies/replay/rules/recorded.ts";
import { whoIs } from "../../../functions/policies/rules/trial.ts";
import type { AuditEntry } from "../../../shared/change/items.ts";
import { compilePolicies } from "../../../shared/policies/decide.ts";
import type { EnforcedPolicy } from "../../../shared/policies/language.ts";

const at = "2026-01-01T12:00:00.000Z";
const entry: AuditEntry = {
  id: "aud_00000000000000000000000001",
  organization_id: "org_1",
  occurred_at: at,
  actor: { type: "user", id: "usr_1" },
  action: "agent.updated",
  resource: { type: "agent", id: "agt_1" },
  outcome: "succeeded",
  request: {
    ...{ id: "req_1", method: "PATCH", path: "/api/v1/agents/agt_1", operation: "agents.update" },
    ...{ ip: "192.0.2.1", user_agent: "curl" },
  },
  changes: [],
  reason: null,
};

describe("what is replayed of an entry", () => {
  it("is the request that it is of, with what it was about", () => {
    expect(recordedOf(entry)).toEqual({
      audit_id: entry.id,
      at: new Date(at),
      actor: { type: "user", id: "usr_1" },
      operation: "agents.update",
      context: { ip: "192.0.2.1", user_agent: "curl", method: "PATCH" },
      ids: ["agt_1", "", "api", "v1", "agents", "agt_1"],
    });
  });

  it("is named by a refusal itself, and by no other old entry", () => {
    const { operation: _, ...request } = entry.request ?? { operation: "" };
    const old = { ...entry, request } as AuditEntry;
    expect(recordedOf(old)?.operation).toBeUndefined();
    expect(recordedOf({ ...old, resource: { type: "operation", id: "agents.delete" } })?.operation).toBe(
      "agents.delete",
    );
  });

  it("is nothing where nobody asked, or not by rights in the organization", () => {
    expect(recordedOf({ ...entry, request: null })).toBeUndefined();
    for (const type of ["system", "operator", "scim_token"] as const)
      expect(recordedOf({ ...entry, actor: { type, id: "x" } })).toBeUndefined();
  });
});

const policy = (more: Partial<EnforcedPolicy> = {}): EnforcedPolicy => ({
  ...{ id: "pol_1", name: "No", effect: "deny", resource_type: "agent", action: "update", version: 1 },
  ...{ conditions: {}, assignments: [{ type: "organization" }], status: "active" },
  ...more,
});
const by = (...policies: EnforcedPolicy[]) => compilePolicies({ policies });
const request: Found = {
  asks: [
    { resource_type: "run", action: "execute" },
    { resource_type: "agent", action: "update" },
  ],
  principal: whoIs({ id: "usr_1", role: "developer" }),
  type: "agent",
  resource: { tags: ["secret"] },
  context: { ip: "192.0.2.1", method: "PATCH", operation: "agents.update" },
  at: new Date(at),
};
const looks = { path: "resource.tags", op: "contains", value: "secret" } as const;

describe("a replayed request", () => {
  it("comes out by the first thing asked that is not allowed", () => {
    expect(decided(by(), request)).toMatchObject({ outcome: "allow", ask: request.asks[0] });
    expect(decided(by(policy({ conditions: looks })), request)).toMatchObject({
      ...{ outcome: "deny", ask: { resource_type: "agent", action: "update" }, policy: { id: "pol_1" } },
    });
    const first = policy({ id: "pol_2", resource_type: "run", action: "execute" });
    expect(decided(by(policy(), first), request)).toMatchObject({ outcome: "deny", policy: { id: "pol_2" } });
  });

  it("is not known where it hangs on what was not recorded, or on a thing that was not found", () => {
    const mfa = policy({ conditions: { path: "principal.mfa", op: "eq", value: true } });
    expect(decided(by(mfa), request)).toBe("not_recorded");
    // A key never has what only a session has: that is known.
    const key = whoIs({ kind: "api_key", id: "key_1", role: "developer" });
    expect(decided(by(mfa), { ...request, principal: key })).toMatchObject({ outcome: "allow" });
    expect(decided(by(policy({ conditions: looks })), { ...request, type: undefined, resource: {} })).toBe("not_there");
    expect(decided(by(policy()), { ...request, type: undefined, resource: {} })).toMatchObject({ outcome: "deny" });
  });

  it("of an owner about policies is never denied, as no other is", () => {
    const about = { ...request, asks: [{ resource_type: "policy", action: "update" }] };
    const locks = by(policy({ resource_type: "policy" }));
    expect(decided(locks, about)).toMatchObject({ outcome: "deny" });
    const owner = whoIs({ role: "org_owner" });
    expect(decided(locks, { ...about, principal: owner })).toMatchObject({ outcome: "allow" });
  });
});

describe("what comes out otherwise", () => {
  const ask = { resource_type: "agent", action: "update" };
  const allow = { outcome: "allow", ask, policy: undefined } as const;
  const deny = { outcome: "deny", ask, policy: policy() } as const;
  const approval = { outcome: "require_approval", ask, policy: policy({ id: "pol_2" }) } as const;
  const recorded = (id: string, operation = "agents.update") => {
    const one = recordedOf({ ...entry, id });
    if (one === undefined) throw new Error("it is one");
    return { ...one, operation };
  };

  it("is gathered by who and what, newest first, and what is newly allowed comes first", () => {
    const changes = new Changes();
    changes.add(recorded("aud_9"), allow, deny);
    changes.add(recorded("aud_8"), allow, allow);
    changes.add(recorded("aud_7"), allow, deny);
    changes.add(recorded("aud_6", "agents.archive"), deny, approval);
    changes.add(recorded("aud_5", "agents.delete"), deny, allow);
    changes.add(recorded("aud_4", "agents.restore"), allow, approval);
    const said = changes
      .inOrder()
      .map((one) => [one.operation, one.before, one.after, one.policy?.id, one.requests, one.audit_id]);
    expect(said).toEqual([
      ["agents.delete", "deny", "allow", "pol_1", 1, "aud_5"],
      ["agents.archive", "deny", "require_approval", "pol_2", 1, "aud_6"],
      ["agents.restore", "allow", "require_approval", "pol_2", 1, "aud_4"],
      ["agents.update", "allow", "deny", "pol_1", 2, "aud_9"],
    ]);
  });
});
