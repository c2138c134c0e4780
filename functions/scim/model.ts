import * as z from "zod";
import { nameSchema, timestampSchema } from "../../shared/http/schemas.ts";
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
