import type { Blobs } from "../../shared/blobs/blobs.ts";
import type { Table } from "../../shared/dynamo/table.ts";

export interface ApprovalsDeps {
  readonly table: Table;
  readonly blobs: Pick<Blobs, "load">;
}
