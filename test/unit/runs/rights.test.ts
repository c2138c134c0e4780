import { describe, expect, it } from "vitest";
import { denied, type Standing } from "../../../functions/runs/engine/rules/rights.ts";

const active = { status: "active" };
const key = (more: object) => ({ status: "active", workspace_ids: [], environments: [], ...more });
const standing = (more: Partial<Standing>): Standing => ({
  organization: active,
  starter: { user: active, membership: active },
  key: null,
  grants: ["pipelines:execute"],
  parent: null,
  agent: { id: "agt_1", status: "active", workspace_ids: ["wsp_a"] },
  target: { workspace_ids: ["wsp_a"] },
  ...more,
});

describe("what a run needs for its next step", () => {
  it("is the right to run what it is of, as the starter's role grants it now", () => {
    expect(denied("pipeline", standing({}))).toBeUndefined();
    expect(denied("agent", standing({}))?.code).toBe("starter_not_permitted");
    expect(denied("agent", standing({ grants: ["agents:execute"] }))).toBeUndefined();
  });

  it("is the key that started it, until that is revoked or gone", () => {
    expect(denied("pipeline", standing({ key: key({}) }))).toBeUndefined();
    expect(denied("pipeline", standing({ key: key({ status: "expired" }) }))).toBeUndefined();
    for (const gone of [key({ status: "revoked" }), undefined])
      expect(denied("pipeline", standing({ key: gone }))?.code).toBe("starter_removed");
  });

  it("is that what is run, and the agent of the step, are within what the key is confined to", () => {
    const confined = (more: Partial<Standing>) =>
      denied("pipeline", standing({ key: key({ workspace_ids: ["wsp_a", "wsp_b"] }), ...more }))?.code;
    const elsewhere = { id: "agt_1", status: "active", workspace_ids: ["wsp_c"] };
    expect(confined({})).toBeUndefined();
    expect(confined({ agent: null })).toBeUndefined();
    expect(confined({ agent: elsewhere })).toBe("starter_not_permitted");
    expect(confined({ target: elsewhere })).toBe("starter_not_permitted");
    expect(confined({ target: undefined })).toBe("starter_not_permitted");
    // What is run is of no environment, so a key of one runs nothing.
    const ofEnvironment = key({ environments: ["staging"] });
    expect(denied("pipeline", standing({ key: ofEnvironment }))?.code).toBe("starter_not_permitted");
    // Of a key that is confined to nothing nobody asks where things are.
    expect(denied("pipeline", standing({ key: key({}), agent: elsewhere, target: elsewhere }))).toBeUndefined();
  });

  it("is the right to run pipelines where it is an agent's run within the run of one", () => {
    const parent = { status: "running" } as const;
    expect(denied("agent", standing({ parent }))).toBeUndefined();
    expect(denied("agent", standing({ parent, grants: ["agents:execute"] }))?.code).toBe("starter_not_permitted");
    expect(denied("agent", standing({ parent: { status: "stopped" } }))?.code).toBe("parent_ended");
  });
});
