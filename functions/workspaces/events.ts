import * as z from "zod";
import { defineEvents } from "../../shared/change/events.ts";

const workspace = z.object({ workspace_id: z.string(), name: z.string() });
const member = workspace.extend({ user_id: z.string(), role: z.string() });

export const workspaceEvents = defineEvents({
  "workspace.created": { summary: "A workspace was created.", resource: "workspace", data: workspace },
  "workspace.updated": {
    summary: "A workspace's settings changed.",
    resource: "workspace",
    data: workspace.extend({ changed_fields: z.array(z.string()) }),
  },
  "workspace.archived": {
    summary: "A workspace was archived, by somebody or because its time had come.",
    resource: "workspace",
    data: workspace.extend({ expired: z.boolean() }),
  },
  "workspace.restored": { summary: "An archived workspace is active again.", resource: "workspace", data: workspace },
  "workspace.deleted": { summary: "A workspace was deleted.", resource: "workspace", data: workspace },
  "workspace.member_added": { summary: "A user was added to a workspace.", resource: "workspace", data: member },
  "workspace.member_role_changed": {
    summary: "A user has another role in a workspace.",
    resource: "workspace",
    data: member,
  },
  "workspace.member_removed": { summary: "A user was removed from a workspace.", resource: "workspace", data: member },
});
