import type { Platform } from "../../shared/http/platform.ts";

export type WorkspacesDeps = Pick<Platform, "table">;
