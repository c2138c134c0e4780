import { createHash } from "node:crypto";
import { expect, it } from "vitest";
import { uploadedText } from "../../../functions/agents/contexts/uploads/text.ts";
import type { StoredContext } from "../../../functions/agents/store.ts";

const bytes = Buffer.from("<p>x");
const sha256 = createHash("sha256").update(bytes).digest("hex");
const at = "2030-01-01T00:00:00.000Z";
const context: StoredContext = {
  id: "ctx_01JDQ4X0Z5V8W3N7K2M9R6T1BC",
  agent_id: "agt_01JDQ4X0Z5V8W3N7K2M9R6T1BC",
  name: "page",
  content_type: "file",
  is_active: true,
  status: "processing",
  error: null,
  url: null,
  file: { filename: "a.html", media_type: "text/html", size_bytes: 4, sha256 },
  content: null,
  content_bytes: 0,
  truncated: false,
  fetched_at: null,
  attempt: "one",
  created_at: at,
  updated_at: at,
  etag: "e",
};

const taken = (found: { sha256: string } | undefined, text: string) =>
  uploadedText("org_1", context, {
    files: {
      inspect: async (key) =>
        key !== `uploads/org_1/${context.id}/one` || found === undefined
          ? undefined
          : { bytes: 4, content_type: "text/html", beginning: bytes, ...found },
      remove: async () => undefined,
    },
    extract: async () => ({ ok: true, text, truncated: false }),
  });

it("the text is that of the file which was there when its upload was completed, and of no other", async () => {
  expect(await taken({ sha256 }, "x")).toEqual({ ok: true, text: "x", truncated: false });
  expect(await taken({ sha256: "0".repeat(64) }, "x")).toMatchObject({ ok: false, code: "upload_lost" });
  expect(await taken(undefined, "x")).toMatchObject({ ok: false, code: "upload_lost" });
});

it("as much text as a context holds is kept whole, one byte more is refused and never cut", async () => {
  expect(await taken({ sha256 }, "x".repeat(1_000_000))).toMatchObject({ ok: true });
  expect(await taken({ sha256 }, `${"x".repeat(999_999)}ä`)).toMatchObject({ ok: false, code: "text_too_large" });
});
