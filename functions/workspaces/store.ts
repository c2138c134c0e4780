import * as z from "zod";
import { defineItem, type ItemOf } from "../../shared/dynamo/item.ts";
import { idSchema } from "../../shared/ids.ts";
import { workspaceSchema } from "./model.ts";

export const workspaceItem = defineItem({
  type: "workspace",
  summary: "A workspace of the organization.",
  schema: workspaceSchema.extend({ etag: z.string() }),
  key: { pk: "", sk: "WORKSPACE#{id}" },
  indexes: { gsi1: { pk: "WORKSPACES#{status}", sk: "{id}" } },
});
export type Workspace = ItemOf<typeof workspaceItem>;

export const workspaceMemberItem = defineItem({
  type: "workspace_member",
  summary: "A user in a workspace; the role narrows, it never grants what the organization's role refuses.",
  schema: z.object({
    workspace_id: idSchema("workspace"),
    user_id: idSchema("user"),
    role: z.enum(["owner", "admin", "member", "viewer"]),
    added_by: z.string(),
    created_at: z.string(),
    updated_at: z.string(),
    etag: z.string(),
  }),
  key: { pk: "WORKSPACE#{workspace_id}", sk: "MEMBER#{user_id}" },
  indexes: { gsi1: { pk: "USER_WORKSPACES#{user_id}", sk: "{workspace_id}" } },
});
