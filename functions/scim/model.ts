import * as z from "zod";
import { nameSchema, timestampSchema } from "../../shared/http/schemas.ts";
import { givenRoleSchema } from "../../shared/identity/group-rules.ts";
import { idSchema } from "../../shared/ids.ts";

/** Where directories find us, from the origin on. */
export const SCIM_BASE = "/scim/v2";

/** The content type of the protocol (RFC 7644, 8.1). */
export const SCIM_TYPE = "application/scim+json";

export const tokenNameSchema = nameSchema.meta({ example: "Microsoft Entra" });

/** A token as its organization sees it. */
export const tokenView = z
  .object({
    id: idSchema("scim_token"),
    organization_id: idSchema("organization"),
    name: tokenNameSchema,
    created_by: idSchema("user"),
    reach: z.array(z.string()).meta({
      description:
        "Roles whose members it may suspend, restore and remove: those that grant no more than its maker held. One of an administrator's moves no owner.",
      example: ["org_admin", "developer", "operator", "viewer"],
    }),
    created_at: z.string(),
    expires_at: timestampSchema.nullable().meta({ description: "Null for one that does not end by itself." }),
    last_used_at: z.string().nullable().meta({ description: "To five minutes; null for one that was never used." }),
  })
  .meta({ id: "ScimToken", description: "The bearer token of a company's directory. It opens SCIM and nothing else." });

/** The same when it has just been made. */
export const newTokenView = tokenView
  .extend({
    token: z.string().meta({ description: "Shown this once. Enter it at the directory.", example: "kss_01JDQ4…" }),
    base_url: z
      .string()
      .meta({ description: "Where the directory finds us.", example: "https://studio.example.com/scim/v2" }),
  })
  .meta({ id: "NewScimToken", description: "A token that has just been made, with its text." });

/** What being in a group of the directory gives. The group is a team already: a rule adds a role. */
export const roleRuleSchema = z
  .strictObject({
    group: z.string().trim().min(1).max(120).meta({
      description: "The group as the directory calls it, in capitals or not.",
      example: "Engineering",
    }),
    role: givenRoleSchema,
  })
  .meta({ id: "ScimRoleRule", description: "The role of those who are in a group of the directory." });

/** What people become whom the directory brings. */
export const settingsSchema = z.object({
  default_role: givenRoleSchema.meta({ description: "The role of people whom no rule gives another one." }),
  group_rules: z.array(roleRuleSchema).max(100).meta({
    description:
      "What being in a group of the directory gives, in order of weight. Counts from the next change of somebody's groups on.",
  }),
});

export const settingsView = settingsSchema
  .extend({ updated_at: z.string().nullable() })
  .meta({ id: "ScimSettings", description: "What people become whom the directory brings." });
