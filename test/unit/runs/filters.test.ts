import { expect, it } from "vitest";
import { leavesOut, placeOf } from "../../../functions/runs/search/rules/filters.ts";

const PIPELINE = "pip_01JDQ4X0Z5V8W3N7K2M9R6T1BC";
const AGENT = "agt_01JDQ4X0Z5V8W3N7K2M9R6T1BC";

it.each([
  [{}, "all", false],
  [{ mode: "live" }, "all", true],
  [{ pipeline_id: PIPELINE }, "target", false],
  [{ agent_id: AGENT }, "target", false],
  [{ pipeline_id: PIPELINE, agent_id: AGENT }, "target", true],
  [{ pipeline_id: PIPELINE, min_cost_usd_micros: 0 }, "target", true],
  [{ status: "failed" }, "status", true],
  [{ status: "failed", pipeline_id: PIPELINE }, "target", true],
  [{ label: "nightly", pipeline_id: PIPELINE }, "label", true],
  [{ label: "nightly", parent_run_id: "run_1" }, "parent", true],
  [{ parent_run_id: "run_1" }, "parent", false],
] as const)("runs by %j are read by %s; some of them may not fit: %s", (filters, by, sparse) => {
  const place = placeOf(filters);
  expect(place.by).toBe(by);
  expect(leavesOut(filters, place)).toBe(sparse);
});
