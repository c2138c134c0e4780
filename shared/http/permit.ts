import { decide } from "../access/decide.ts";
import type { Rights } from "../access/grants.ts";
import type { Permission } from "../access/permissions.ts";
import { auditWrite, type ChangeContext } from "../change/commit.ts";
import type { Table } from "../dynamo/table.ts";
import { Problem } from "../errors.ts";
import type { OperationShape } from "./operation.ts";

/** The permission that an operation asks for; undefined where it asks for none. */
export const permissionOf = ({ permission }: OperationShape): Permission | undefined =>
  permission === "public" || permission === "authenticated" ? undefined : permission;

/** @throws Problem `forbidden` when these rights do not cover what the operation asks for */
export function requirePermission(operation: OperationShape, rights: Rights): void {
  const permission = permissionOf(operation);
  if (permission === undefined || decide(rights.caller.grants, permission).allowed) return;
  throw new Problem(
    "forbidden",
    `This needs the permission \`${permission}\`, which ${rights.source} does not grant.`,
    {
      members: { permission },
    },
  );
}

/** Records a refusal in the audit trail. */
export async function recordDenial(table: Table, context: ChangeContext, operation: OperationShape): Promise<void> {
  const entry = {
    action: "access.denied",
    resource: { type: "operation", id: operation.id },
    outcome: "denied",
    reason: `permission ${operation.permission}`,
  } as const;
  await table.transact([auditWrite(table, context, entry)]);
}
