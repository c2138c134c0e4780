import { timestamp } from "../../../shared/clock.ts";
import type { Table } from "../../../shared/dynamo/table.ts";
import type { Write } from "../../../shared/dynamo/write.ts";
import { badReference, type Problem } from "../../../shared/errors.ts";
import type { LinkedType } from "../model.ts";
import { type Workspace, workspaceItem, workspaceResourceItem } from "../store.ts";

const refuseUnless = (path: string, old: Workspace | undefined): Problem =>
  old === undefined ? badReference(path) : badReference(path, `is a workspace that is ${old.status}`);

/** In how many workspaces one thing can be; each is two writes of the transaction that changes it. */
export const MOST_WORKSPACES = 10;

/**
 * Condition checks for a transaction: each of these workspaces exists in this tenant and is active.
 * @param path of the field that names the i-th one, for the 422 `reference_not_found`
 */
export const workspaceCheck = (
  table: Table,
  tenant: string,
  ids: readonly string[],
  path: (i: number) => string = (i) => `workspace_ids.${i}`,
): Write[] =>
  [...new Set(ids)].map((id) =>
    table
      .of(tenant)
      .writes.check(workspaceItem, { id }, { equals: { status: "active" } }, (old) =>
        refuseUnless(path(ids.indexOf(id)), old),
      ),
  );

export interface LinkChange {
  readonly resource: { readonly type: LinkedType; readonly id: string; readonly name: string };
  /** The workspaces it was in: none when it is being created. */
  readonly before: readonly string[];
  /** The workspaces it will be in: none when it is being deleted. */
  readonly after: readonly string[];
  /** Its name before, when it is being renamed: the lists of its workspaces show the name. */
  readonly name_before?: string;
  /** Id of the principal who does it. */
  readonly by: string;
  readonly at: Date;
  readonly path?: (i: number) => string;
}

/**
 * The writes that put a thing into workspaces and take it out: part of the transaction that creates, changes or deletes
 * the thing itself. A workspace that it enters must exist in this tenant and be active (422 `reference_not_found`
 * naming the field), so `workspaceCheck` is not needed beside this; one that it leaves may be archived.
 */
export function workspaceLinks(table: Table, tenant: string, change: LinkChange): Write[] {
  const { resource, by, at } = change;
  const { writes } = table.of(tenant);
  const path = change.path ?? ((i: number) => `workspace_ids.${i}`);
  const before = new Set(change.before);
  const after = new Set(change.after);
  const linkOf = (workspace_id: string) => ({ workspace_id, resource_type: resource.type, resource_id: resource.id });
  const entered = [...after.difference(before)].flatMap((id) => [
    writes.update(workspaceItem, { id }, { add: { resource_count: 1 } }, { equals: { status: "active" } }, (old) =>
      refuseUnless(path(change.after.indexOf(id)), old),
    ),
    writes.put(workspaceResourceItem, {
      ...linkOf(id),
      name: resource.name,
      added_by: by,
      created_at: timestamp(at),
    }),
  ]);
  const left = [...before.difference(after)].flatMap((id) => [
    writes.update(workspaceItem, { id }, { add: { resource_count: -1 } }),
    writes.remove(workspaceResourceItem, linkOf(id), {}),
  ]);
  const renamed = (change.name_before ?? resource.name) !== resource.name;
  const kept = renamed ? [...after.intersection(before)] : [];
  return [
    ...entered,
    ...left,
    ...kept.map((id) => writes.update(workspaceResourceItem, linkOf(id), { set: { name: resource.name } })),
  ];
}
