import { readSettings } from "../../shared/config/settings.ts";
import type { Platform } from "../../shared/http/platform.ts";
import { createOutbound, type Outbound } from "../../shared/outbound/index.ts";
import { outboundPolicy, outboundSettings } from "../../shared/outbound/settings.ts";
import { connectPlane, type Plane } from "./calls/plane.ts";

/** What asking a gateway how it is takes. */
export interface CheckDeps extends Pick<Platform, "table" | "clock"> {
  readonly secrets: Pick<Platform["secrets"], "decrypt">;
  readonly outbound: Pick<Outbound, "request">;
  readonly plane: Plane;
}

export interface GatewayDeps extends Pick<Platform, "table" | "clock" | "secrets"> {
  readonly outbound: Pick<Outbound, "request" | "checkUrl">;
  readonly plane: Plane;
  /** Where the built-in data plane serves. */
  readonly plane_url: string;
}

export function gatewayDeps({ table, clock, secrets }: Pick<Platform, "table" | "clock" | "secrets">): GatewayDeps {
  const policy = outboundPolicy(readSettings(outboundSettings));
  const outbound = createOutbound({ ...policy, user_agent: "Kaizen-Studio-Gateways/1" });
  const plane_url = readSettings(["DATA_PLANE_URL"]).DATA_PLANE_URL.replace(/\/$/, "");
  return { table, clock, secrets, outbound, plane: connectPlane(), plane_url };
}
