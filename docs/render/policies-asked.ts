import type { OperationShape } from "../../shared/http/operation.ts";
import { permissionsOf } from "../../shared/http/permit.ts";

/**
 * What policies are asked about each operation, for the room that tries them and holds no other room's operations: its method, the type of
 * things that it is about, and the permissions of which one is asked for. `pipeline/suite`: suites of a pipeline are listed.
 */
export function renderAsked(all: readonly { readonly operation: OperationShape }[]): string {
  const asked = all.flatMap(({ operation }): [string, string][] => {
    const { id, method, resource, lists } = operation;
    if (resource === undefined) return [];
    const about = lists === undefined ? resource.type : `${resource.type}/${lists}`;
    return [[id, [method, about, ...permissionsOf(operation)].join(" ")]];
  });
  return `${JSON.stringify(Object.fromEntries(asked.sort(([a], [b]) => (a < b ? -1 : 1))), null, 2)}\n`;
}
