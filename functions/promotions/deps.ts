import type { Platform } from "../../shared/http/platform.ts";

export interface PromotionDeps extends Pick<Platform, "table"> {}
