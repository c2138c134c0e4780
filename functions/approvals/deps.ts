import type { Blobs } from "../../shared/blobs/blobs.ts";
import { connectFiles } from "../../shared/blobs/files.ts";
import { readSettings } from "../../shared/config/settings.ts";
import type { Table } from "../../shared/dynamo/table.ts";
import type { Platform } from "../../shared/http/platform.ts";

export interface ApprovalsDeps {
  readonly table: Table;
  readonly blobs: Pick<Blobs, "load">;
}

export const approvalsDeps = ({ table }: Pick<Platform, "table">): ApprovalsDeps => ({
  table,
  blobs: connectFiles(readSettings(["BUCKET_NAME"]).BUCKET_NAME).blobs,
});
