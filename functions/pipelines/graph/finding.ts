/** A finding about a graph: what is wrong, what to do, and where. */
export interface Finding {
  readonly code: string;
  readonly message: string;
  readonly node_ids: readonly string[];
  readonly connection_ids: readonly string[];
  readonly handle?: string;
  readonly path?: string;
}
