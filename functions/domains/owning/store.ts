import * as z from "zod";
import { defineItem, type ItemOf } from "../../../shared/dynamo/item.ts";
import { idSchema } from "../../../shared/ids.ts";

/** Over all organizations there is one for a domain. It is the truth of who has proved it, and all that a sign-in reads. */
export const domainOwnerItem = defineItem({
  type: "domain_owner",
  summary: "The one organization that has proved a mail domain, and whether people join it by their address.",
  schema: z.object({
    domain: z.string(),
    organization_id: idSchema("organization"),
    domain_id: idSchema("domain"),
    auto_join: z.boolean(),
    default_role: z.string(),
  }),
  key: { pk: "DOMAIN_OWNER#{domain}", sk: "DOMAIN_OWNER" },
});
export type DomainOwner = ItemOf<typeof domainOwnerItem>;
