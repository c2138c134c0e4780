import { readSettings } from "../../shared/config/settings.ts";
import type { Platform } from "../../shared/http/platform.ts";
import { createOutbound, type Outbound } from "../../shared/outbound/index.ts";
import { outboundPolicy, outboundSettings } from "../../shared/outbound/settings.ts";
import type { TellDeps } from "./exporting/tell.ts";

export interface TelemetryDeps {
  readonly table: Platform["table"];
  readonly secrets: Platform["secrets"];
  readonly clock: Platform["clock"];
  readonly outbound: Pick<Outbound, "request" | "checkUrl">;
}

export const telemetryDeps = ({
  table,
  secrets,
  clock,
}: Pick<Platform, "table" | "secrets" | "clock">): TelemetryDeps => ({
  table,
  secrets,
  clock,
  outbound: createOutbound(outboundPolicy(readSettings(outboundSettings))),
});

export const tellDeps = (platform: Pick<Platform, "table" | "secrets" | "clock">): TellDeps => ({
  ...telemetryDeps(platform),
  random: Math.random,
});
