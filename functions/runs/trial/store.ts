import * as z from "zod";
import { blobSchema } from "../../../shared/blobs/blobs.ts";
import { defineItem } from "../../../shared/dynamo/item.ts";
import { idSchema } from "../../../shared/ids.ts";

/** See `cassette.ts`. */
export const runTapeItem = defineItem({
  type: "run_tape",
  summary: "What one call of a test was answered, by what was asked, for tests that are answered from it.",
  schema: z.object({
    run_id: idSchema("run"),
    request_hash: z.string(),
    /** Which step has made the call, and as which of its calls. */
    node_id: z.string(),
    call: z.string(),
    answer: blobSchema,
    expires_at: z.string(),
  }),
  key: { pk: "RUN#{run_id}", sk: "TAPE#{request_hash}#{node_id}#{call}" },
  expires: "expires_at",
});
