import { describe, expect, it } from "vitest";
import { operations } from "../../../functions/agents/operations.ts";
import { auditItem } from "../../../shared/change/items.ts";
import { recordDenial } from "../../../shared/http/permit.ts";
import { newId } from "../../../shared/ids.ts";
import { stackTable } from "../../support/stack.ts";

const at = new Date("2026-03-04T10:20:30.000Z");

describe("refusals in the audit trail", () => {
  it("of one principal are bounded, also when many come at once, say how many they were, and are kept 90 days", async () => {
    const table = stackTable(at);
    const tenant = newId("organization", at);
    const denied = (id: string, times: number) =>
      Promise.all(
        Array.from({ length: times }, () => {
          const context = {
            tenant,
            actor: { type: "user", id } as const,
            at,
            trace_id: "t",
            request: null,
            audit_days: 400,
          };
          return recordDenial(table, context, operations.create);
        }),
      );
    await Promise.all([denied("usr_a", 45), denied("usr_b", 2)]);
    const { items } = await table.of(tenant).page(auditItem, { of: { month: "2026-03" }, limit: 100 });
    const reasons = (id: string) =>
      items.filter(({ actor }) => actor.type === "user" && actor.id === id).map(({ reason }) => reason);
    expect(reasons("usr_b")).toEqual(["permission agents:create", "permission agents:create"]);
    expect(reasons("usr_a").filter((reason) => reason === "permission agents:create")).toHaveLength(10);
    expect(
      reasons("usr_a")
        .filter((reason) => reason?.includes("; refusal "))
        .sort(),
    ).toEqual([
      "permission agents:create; refusal 20 in this minute, those since the last entry have none",
      "permission agents:create; refusal 40 in this minute, those since the last entry have none",
    ]);
    expect(new Set(items.map(({ action, expires_at }) => `${action} ${expires_at.slice(0, 10)}`))).toEqual(
      new Set(["access.denied 2026-06-02"]),
    );
  });
});
