import type { Permission } from "../../../shared/access/permissions.ts";
import { requireAlso } from "../../../shared/http/permit.ts";
import type { TargetKind } from "../model.ts";

type Asked = { may(permission: Permission): boolean };

const permissions = {
  pipeline: { read: "pipelines:read", update: "pipelines:update", execute: "pipelines:execute" },
  agent: { read: "agents:read", update: "agents:update", execute: "agents:execute" },
} as const satisfies Record<TargetKind, Record<string, Permission>>;

/** Asks for the permission on what a suite is of: the operation lets through whoever has it for either. @throws Problem `forbidden` */
export const requireOn = (call: Asked, kind: TargetKind, action: "read" | "update" | "execute"): void =>
  requireAlso(call, permissions[kind][action]);
