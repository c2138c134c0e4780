/** Every finding of the validation. Errors block activation and runs, warnings do not. */
export const issueCodes = {
  graph_empty: "error",
  duplicate_node_id: "error",
  duplicate_connection_id: "error",
  dangling_connection: "error",
  self_loop: "error",
  duplicate_connection: "error",
  cycle: "error",
  input_missing: "error",
  several_inputs: "error",
  output_missing: "error",
  connection_into_input: "error",
  connection_out_of_output: "error",
  orphan_node: "error",
  unreachable_node: "error",
  dead_end: "warning",
  fan_in_not_allowed: "error",
  large_join: "warning",
  quorum_unreachable: "error",
  unknown_handle: "error",
  condition_not_allowed: "error",
  branches_missing: "error",
  default_branch_missing: "error",
  default_branch_conditional: "error",
  branch_not_connected: "error",
  handle_not_connected: "error",
  error_edge_missing: "error",
  error_edge_unexpected: "error",
  config_incomplete: "error",
  expression_invalid: "error",
  reference_unknown: "error",
  reference_not_upstream: "error",
  path_never_there: "error",
  condition_never_holds: "warning",
  value_type_mismatch: "error",
  agent_not_set: "error",
  agent_not_found: "error",
  agent_archived: "error",
  agent_draft: "error",
  pattern_agents_below_minimum: "error",
  pattern_agents_above_maximum: "warning",
  pattern_kind_missing: "error",
  too_many_issues: "warning",
} as const satisfies Record<string, "error" | "warning">;

export type IssueCode = keyof typeof issueCodes;

/** Where in its node a finding is, as far as that is more than the node. */
export interface Place {
  /** The handle that it is about. */
  readonly handle?: string;
  /** The path that is read. */
  readonly path?: string;
}

/** One finding: what is wrong, what to do about it, and where. */
export interface Issue extends Place {
  readonly code: IssueCode;
  readonly message: string;
  readonly node_ids: readonly string[];
  readonly connection_ids: readonly string[];
}

/** Most findings in one answer; the rest is only counted. */
const MAX_ISSUES = 500;

/** Collects findings, errors apart from warnings. */
export class Findings {
  readonly errors: Issue[] = [];
  readonly warnings: Issue[] = [];
  #left_out = 0;

  add(
    code: IssueCode,
    message: string,
    node_ids: readonly string[] = [],
    connection_ids: readonly string[] = [],
    place: Place = {},
  ): void {
    const list = issueCodes[code] === "error" ? this.errors : this.warnings;
    if (list.length >= MAX_ISSUES) this.#left_out++;
    else list.push({ code, message, node_ids, connection_ids, ...place });
  }

  /** Says that findings were left out, where they were. */
  close(): void {
    if (this.#left_out === 0) return;
    this.warnings.push({
      code: "too_many_issues",
      message: `${this.#left_out} more findings are not shown. Mend these first.`,
      node_ids: [],
      connection_ids: [],
    });
  }
}
