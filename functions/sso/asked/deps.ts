import { randomBytes } from "node:crypto";
import { readSettings } from "../../../shared/config/settings.ts";
import type { Platform } from "../../../shared/http/platform.ts";
import { clientNames, platformClients, platformRegistrations, registrationNames } from "../platform/clients.ts";
import type { AskDeps } from "./ask.ts";

export function askDeps({ table }: Pick<Platform, "table">): AskDeps {
  const read = readSettings(["BROWSER_ORIGINS", ...clientNames, ...registrationNames]);
  return {
    table,
    randomSecret: () => randomBytes(32).toString("base64url"),
    origins: read.BROWSER_ORIGINS,
    clients: platformClients(read),
    registrations: platformRegistrations(read),
  };
}
