import { isBuiltInRole, roleAlias } from "../../shared/access/roles.ts";
import { defineResource } from "../../shared/http/resource.ts";

/** Built-in roles are part of the product: they lie in no table. */
export const roleResource = defineResource({
  type: "role",
  path: ["role"],
  async read({ path }) {
    const role = roleAlias(String(path.role));
    return isBuiltInRole(role) ? role : undefined;
  },
});
