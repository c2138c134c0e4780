import * as z from "zod";
import { defineEvents } from "../../shared/change/events.ts";

const workspace = z.object({ workspace_id: z.string(), name: z.string() });

export const workspaceEvents = defineEvents({
  "workspace.created": { summary: "A workspace was created.", resource: "workspace", data: workspace },
});
