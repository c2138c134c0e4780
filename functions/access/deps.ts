import type { Platform } from "../../shared/http/platform.ts";

export type AccessDeps = Pick<Platform, "table">;
