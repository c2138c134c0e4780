import * as z from "zod";
import { allPermissions } from "../../../../shared/access/permissions.ts";
import { fullPath, type OperationShape } from "../../../../shared/http/operation.ts";
import { permissionsOf } from "../../../../shared/http/permit.ts";

/** One thing that a key can be allowed, and what it opens. */
export const scopeView = z
  .object({
    id: z.string().meta({ example: "agents:read" }),
    operations: z.array(
      z
        .object({
          id: z.string().meta({ example: "agents.list" }),
          method: z.string().meta({ example: "GET" }),
          path: z.string().meta({ example: "/api/v1/agents" }),
          summary: z.string().meta({ example: "List agents" }),
        })
        .meta({ id: "ScopedOperation" }),
    ),
  })
  .meta({ id: "ScopeOperations", description: "A permission that an API key can have as a scope, and what it opens." });

/** Permissions that open something to API keys, in the catalogue's order. What asks for a fresh proof takes no key. */
export function scopesOf(operations: readonly OperationShape[]): z.input<typeof scopeView>[] {
  const opened = operations.filter(({ step_up }) => step_up === undefined);
  return allPermissions.flatMap((permission) => {
    const its = opened.filter((operation) => permissionsOf(operation).includes(permission));
    const shown = its.map((one) => ({ id: one.id, method: one.method, path: fullPath(one), summary: one.summary }));
    return shown.length === 0 ? [] : [{ id: permission, operations: shown }];
  });
}
