import type { Platform } from "../../shared/http/platform.ts";

export type OperatorsDeps = Pick<Platform, "table" | "limits">;
