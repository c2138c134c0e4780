import { randomBytes } from "node:crypto";
import { readSettings } from "../../../shared/config/settings.ts";
import type { Platform } from "../../../shared/http/platform.ts";
import type { AskDeps } from "./ask.ts";

export function askDeps({ table }: Pick<Platform, "table">): AskDeps {
  const { BROWSER_ORIGINS } = readSettings(["BROWSER_ORIGINS"]);
  return { table, randomSecret: () => randomBytes(32).toString("base64url"), origins: BROWSER_ORIGINS };
}
