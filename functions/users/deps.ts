import type { Platform } from "../../shared/http/platform.ts";

export type UsersDeps = Pick<Platform, "table">;
