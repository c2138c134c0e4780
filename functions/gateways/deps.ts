import { readSettings } from "../../shared/config/settings.ts";
import type { Platform } from "../../shared/http/platform.ts";
import { createOutbound, type Outbound } from "../../shared/outbound/index.ts";
import { outboundPolicy, outboundSettings } from "../../shared/outbound/settings.ts";

/** What asking a gateway how it is takes. */
export interface CheckDeps extends Pick<Platform, "table" | "clock"> {
  readonly secrets: Pick<Platform["secrets"], "decrypt">;
  readonly outbound: Pick<Outbound, "request">;
}

export interface GatewayDeps extends Pick<Platform, "table" | "clock" | "secrets"> {
  readonly outbound: Pick<Outbound, "request" | "checkUrl">;
}

export function gatewayDeps({ table, clock, secrets }: Pick<Platform, "table" | "clock" | "secrets">): GatewayDeps {
  const policy = outboundPolicy(readSettings(outboundSettings));
  return { table, clock, secrets, outbound: createOutbound({ ...policy, user_agent: "Kaizen-Studio-Gateways/1" }) };
}
