import type { RunTest } from "../../model.ts";

/** Whether a run has brought what it runs, which nothing else says. */
export const bringsSetup = ({ test }: { readonly test: RunTest | null }): boolean =>
  test !== null && (test.draft || test.node_id !== null);
