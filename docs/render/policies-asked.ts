import type { OperationShape } from "../../shared/http/operation.ts";
import { permissionsOf } from "../../shared/http/permit.ts";

/**
 * What policies are asked about each operation, for the room that tries them and holds no other room's operations: its method, the type of
 * things that it is about, and the permissions of which one is asked for.
 */
export function renderAsked(all: readonly { readonly operation: OperationShape }[]): string {
  const asked = all.flatMap(({ operation }): [string, string][] => {
    const { id, method, resource } = operation;
    return resource === undefined ? [] : [[id, [method, resource.type, ...permissionsOf(operation)].join(" ")]];
  });
  return `${JSON.stringify(Object.fromEntries(asked.sort(([a], [b]) => (a < b ? -1 : 1))), null, 2)}\n`;
}
