import type { Platform } from "../../shared/http/platform.ts";

export type AuditDeps = Pick<Platform, "table">;
export type ExportDeps = Pick<Platform, "table" | "clock" | "log">;
