import { describe, expect, it } from "vitest";
import { upstreamOf } from "../../../functions/panel/asking/node.ts";
import { trialOf } from "../../../functions/panel/asking/trial.ts";
import type { Permission } from "../../../shared/access/permissions.ts";

const run_id = "run_01JDQ4X0Z5V8W3N7K2M9R6T1BC";
const without = (permission: Permission) => ({
  may: (asked: Permission) => asked !== permission,
  denied: () => undefined,
});
const untouched = {} as never;

describe("a test that takes from a run", () => {
  const refused = { code: "forbidden", options: { members: { permission: "runs:read" } } };

  it("by its cassette needs the permission to read runs", async () => {
    const cassette = { record: false, replay: run_id, on_miss: "fail" } as const;
    const asked = trialOf(without("runs:read"), untouched, { faults: {}, cassette }, "pipelines:execute");
    await expect(asked).rejects.toMatchObject(refused);
    const told = await trialOf(without("users:read"), untouched, { faults: {}, cassette }, "pipelines:execute");
    expect(told.cassette?.replay_run_id).toBe(run_id);
    const records = { record: true, on_miss: "fail" } as const;
    const own = await trialOf(without("runs:read"), untouched, { faults: {}, cassette: records }, "pipelines:execute");
    expect(own.cassette?.record).toBe(true);
  });

  it("by what came to its node needs it, too, before anything is read", async () => {
    const call = { ...without("runs:read"), path: { node_id: "ask" }, body: { run_id }, context: { tenant: "org_1" } };
    await expect(upstreamOf(call as never, untouched)).rejects.toMatchObject(refused);
  });
});
