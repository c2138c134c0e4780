import type { Platform } from "../../shared/http/platform.ts";

export type TeamsDeps = Pick<Platform, "table">;
