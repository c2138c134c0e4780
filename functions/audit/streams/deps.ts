import { randomBytes } from "node:crypto";
import { readSettings } from "../../../shared/config/settings.ts";
import type { Platform } from "../../../shared/http/platform.ts";
import { createOutbound, type Outbound } from "../../../shared/outbound/index.ts";
import { outboundPolicy, outboundSettings } from "../../../shared/outbound/settings.ts";
import { defaultPolicy } from "../../../shared/outbound/url.ts";
import { type Buses, connectBuses } from "./buses.ts";

/** What sending to a destination takes. */
export interface SendDeps extends Pick<Platform, "clock" | "secrets"> {
  readonly outbound: Pick<Outbound, "request">;
  readonly buses: Buses;
}

export interface StreamDeps extends SendDeps, Pick<Platform, "table"> {
  readonly outbound: Pick<Outbound, "request" | "checkUrl">;
  /** A bus of the deployment's own, by its ARN: which account is ours. */
  readonly own_bus: string;
  readonly randomBytes: (count: number) => Uint8Array;
}

/** The port on which Splunk takes events where nobody has changed it. */
const HEC_PORT = 8_088;

export function streamDeps(platform: Pick<Platform, "table" | "clock" | "secrets">): StreamDeps {
  const settings = readSettings([...outboundSettings, "BUS_ARN"]);
  const outbound = createOutbound({
    ...outboundPolicy(settings),
    allowed_ports: [...defaultPolicy.allowed_ports, HEC_PORT],
    user_agent: "Kaizen-Studio-Audit/1",
  });
  const { table, clock, secrets } = platform;
  return { table, clock, secrets, outbound, buses: connectBuses(), own_bus: settings.BUS_ARN, randomBytes };
}
