import * as z from "zod";
import { descriptionSchema, nameSchema } from "../../shared/http/schemas.ts";
import { idSchema } from "../../shared/ids.ts";

export const environmentSchema = z.enum(["development", "staging", "production"]);

export const workspaceSchema = z
  .object({
    id: idSchema("workspace"),
    organization_id: idSchema("organization"),
    name: nameSchema,
    description: descriptionSchema,
    workspace_type: z.enum(["permanent", "temporary", "personal"]),
    environment: environmentSchema.nullable().meta({ description: "The environment the workspace is meant for." }),
    color: z
      .string()
      .regex(/^#[0-9a-f]{6}$/)
      .nullable(),
    status: z.enum(["active", "archived"]),
    expires_at: z.string().nullable(),
    created_by: z.string(),
    created_at: z.string(),
    updated_at: z.string(),
    archived_at: z.string().nullable(),
  })
  .meta({ id: "Workspace", description: "A lens over things: an agent or a pipeline can be in several." });

export type WorkspaceView = z.output<typeof workspaceSchema>;
