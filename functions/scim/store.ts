import { scimTokenItem } from "../../shared/access/directory.ts";
import { defineResource } from "../../shared/http/resource.ts";

/** A live token by its id: an organization has two at most. */
export const tokenResource = defineResource({
  type: "scim_token",
  path: ["scim_token_id"],
  async read({ table, path: { scim_token_id } }) {
    const { items } = await table.page(scimTokenItem, { of: {}, limit: 10 });
    return items.find(({ id }) => id === scim_token_id);
  },
});
