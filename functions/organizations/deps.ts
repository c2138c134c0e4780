import type { Platform } from "../../shared/http/platform.ts";

export type OrganizationsDeps = Pick<Platform, "table">;
