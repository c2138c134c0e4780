import { fileURLToPath } from "node:url";
import { serve } from "../../../shared/http/serve.ts";
import { connectPlatform } from "../../../shared/runtime.ts";
import { docsOperations } from "../operations.ts";
import * as pages from "../pages/handlers.ts";
import { ReferenceFiles } from "../reference/files.ts";
import * as reference from "../reference/handlers.ts";

const platform = connectPlatform("docs");
const files = new ReferenceFiles(fileURLToPath(new URL("files", import.meta.url)));

export const handler = serve({
  operations: docsOperations,
  handlers: { ...reference, ...pages },
  platform,
  deps: { files },
});
