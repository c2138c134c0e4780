import { describe, expect, it } from "vitest";
import { denied, type Standing } from "../../../functions/runs/engine/rules/rights.ts";

const active = { status: "active" };
const standing = (more: Partial<Standing>): Standing => ({
  organization: active,
  starter: { user: active, membership: active },
  key: null,
  grants: ["pipelines:execute"],
  parent: null,
  agent: { id: "agt_1", status: "active" },
  ...more,
});

describe("what a run needs for its next step", () => {
  it("is the right to run what it is of, as the starter's role grants it now", () => {
    expect(denied("pipeline", standing({}))).toBeUndefined();
    expect(denied("agent", standing({}))?.code).toBe("starter_not_permitted");
    expect(denied("agent", standing({ grants: ["agents:execute"] }))).toBeUndefined();
  });

  it("is the key that started it, until that is revoked or gone", () => {
    expect(denied("pipeline", standing({ key: active }))).toBeUndefined();
    expect(denied("pipeline", standing({ key: { status: "expired" } }))).toBeUndefined();
    for (const key of [{ status: "revoked" }, undefined])
      expect(denied("pipeline", standing({ key }))?.code).toBe("starter_removed");
  });

  it("is the right to run pipelines where it is an agent's run within the run of one", () => {
    const parent = { status: "running" } as const;
    expect(denied("agent", standing({ parent }))).toBeUndefined();
    expect(denied("agent", standing({ parent, grants: ["agents:execute"] }))?.code).toBe("starter_not_permitted");
    expect(denied("agent", standing({ parent: { status: "stopped" } }))?.code).toBe("parent_ended");
  });
});
