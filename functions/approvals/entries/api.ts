import { connectFiles } from "../../../shared/blobs/files.ts";
import { readSettings } from "../../../shared/config/settings.ts";
import { serve } from "../../../shared/http/serve.ts";
import { connectPlatform } from "../../../shared/runtime.ts";
import * as handlers from "../handlers.ts";
import { operations } from "../operations.ts";

const platform = connectPlatform("approvals");
const { BUCKET_NAME } = readSettings(["BUCKET_NAME"]);
const deps = { table: platform.table, blobs: connectFiles(BUCKET_NAME).blobs };

export const handler = serve({ operations, handlers, platform, deps });
