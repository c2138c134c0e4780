import type { Permission } from "../../../shared/access/permissions.ts";
import { Problem } from "../../../shared/errors.ts";
import type { TargetKind } from "../model.ts";

type Asked = { may(permission: Permission): boolean };

const permissions = {
  pipeline: { read: "pipelines:read", update: "pipelines:update", execute: "pipelines:execute" },
  agent: { read: "agents:read", update: "agents:update", execute: "agents:execute" },
} as const satisfies Record<TargetKind, Record<string, Permission>>;

/** Asks for the permission on what a suite is of: the operation lets through whoever has it for either. @throws Problem `forbidden` */
export const requireOn = (call: Asked, kind: TargetKind, action: "read" | "update" | "execute"): void =>
  requireToo(call, permissions[kind][action]);

/** @throws Problem `forbidden` where the caller does not hold this permission */
export function requireToo(call: Asked, permission: Permission): void {
  if (call.may(permission)) return;
  throw new Problem("forbidden", `This needs the permission \`${permission}\`, which your role does not grant.`, {
    members: { permission },
  });
}
