import type { Table } from "../../shared/dynamo/table.ts";

export interface PolicyDeps {
  readonly table: Table;
}
