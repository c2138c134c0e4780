import { principalKey } from "../../../../shared/access/principal.ts";
import type { RunKind, RunMode, RunRecord, RunStatus, Totals } from "../../model.ts";

/** Runs that one page looks at, where filters leave some of them out. */
export const MOST_LOOKED_AT = 1_000;

/** What runs are looked for by; each narrows the others. */
export interface RunFilters {
  readonly label?: string | undefined;
  readonly pipeline_id?: string | undefined;
  readonly agent_id?: string | undefined;
  readonly uses_agent_id?: string | undefined;
  readonly status?: RunStatus | undefined;
  readonly mode?: RunMode | undefined;
  readonly started_by?: string | undefined;
  readonly min_cost_usd_micros?: number | undefined;
  readonly max_cost_usd_micros?: number | undefined;
  readonly parent_run_id?: string | undefined;
}

type Found = Pick<RunRecord, "labels" | "status" | "mode" | "started_by" | "pinned" | "parent_run_id"> & {
  readonly kind: RunKind;
  readonly target_id: string;
};

/** Where runs are read that may fit: what the table keeps in order by itself, the narrowest first. */
export type Place =
  | { readonly by: "parent"; readonly parent_run_id: string }
  | { readonly by: "label"; readonly label: string }
  | { readonly by: "target"; readonly target_id: string }
  | { readonly by: "status"; readonly status: RunStatus }
  | { readonly by: "all" };

export function placeOf({ parent_run_id, label, pipeline_id, agent_id, status }: RunFilters): Place {
  if (parent_run_id !== undefined) return { by: "parent", parent_run_id };
  if (label !== undefined) return { by: "label", label };
  const target_id = pipeline_id ?? agent_id;
  if (target_id !== undefined) return { by: "target", target_id };
  return status === undefined ? { by: "all" } : { by: "status", status };
}

/** Whether every run of a place fits: then a page reads no more of them than it gives. */
export function leavesOut(filters: RunFilters, { by }: Place): boolean {
  // By status, runs within runs lie among the others; and what a label says is compared with the run.
  if (by === "status" || by === "label") return true;
  const settled: Readonly<Record<Place["by"], readonly (keyof RunFilters)[]>> = {
    parent: ["parent_run_id"],
    target: [filters.pipeline_id === undefined ? "agent_id" : "pipeline_id"],
    label: [],
    status: [],
    all: [],
  };
  return Object.entries(filters).some(
    ([name, value]) => value !== undefined && !settled[by].includes(name as keyof RunFilters),
  );
}

/** Whether a run fits as far as its record says. */
export function fits(run: Found, filters: RunFilters): boolean {
  const { label, pipeline_id, agent_id, uses_agent_id, status, mode, started_by, parent_run_id } = filters;
  return (
    (parent_run_id === undefined ? run.parent_run_id === null : run.parent_run_id === parent_run_id) &&
    (label === undefined || run.labels.includes(label)) &&
    (pipeline_id === undefined || run.target_id === pipeline_id) &&
    (agent_id === undefined || run.target_id === agent_id) &&
    (uses_agent_id === undefined || Object.hasOwn(run.pinned.agents, uses_agent_id)) &&
    (status === undefined || run.status === status) &&
    (mode === undefined || run.mode === mode) &&
    (started_by === undefined || principalKey(run.started_by) === started_by)
  );
}

/** Whether a run fits by what it has cost, what runs within it have cost among it. */
export const costFits = (
  { cost_usd_micros }: Pick<Totals, "cost_usd_micros">,
  { min_cost_usd_micros: min, max_cost_usd_micros: max }: RunFilters,
): boolean => (min === undefined || cost_usd_micros >= min) && (max === undefined || cost_usd_micros <= max);
