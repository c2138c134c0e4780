import type { RunTest } from "../../runs/model.ts";

/** Why what a run came to says nothing of what a pipeline or an agent does; undefined where it does. */
export function standsForNothing(test: Pick<RunTest, "node_id" | "draft" | "faults"> | null): string | undefined {
  if (test === null) return undefined;
  if (test.node_id !== null) return "is a test of one node alone";
  if (test.draft) return "is a test of a draft";
  return Object.keys(test.faults).length > 0 ? "is a test that was made to meet faults" : undefined;
}
