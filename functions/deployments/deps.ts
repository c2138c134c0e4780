import type { Blobs } from "../../shared/blobs/blobs.ts";
import { connectFiles } from "../../shared/blobs/files.ts";
import { readSettings } from "../../shared/config/settings.ts";
import type { Platform } from "../../shared/http/platform.ts";
import { createOutbound } from "../../shared/outbound/index.ts";
import { outboundPolicy, outboundSettings } from "../../shared/outbound/settings.ts";
import type { GatewayCallDeps } from "../gateways/calls/public.ts";

/** What putting a deployment on its gateway, and taking it away, takes. */
export interface WorkDeps extends Pick<Platform, "table">, GatewayCallDeps {
  readonly blobs: Pick<Blobs, "load">;
}

/** What requests take: no file. */
export interface DeploymentDeps extends Pick<Platform, "table">, GatewayCallDeps {}

const outbound = () =>
  createOutbound({ ...outboundPolicy(readSettings(outboundSettings)), user_agent: "Kaizen-Studio-Deployments/1" });

export const deploymentDeps = ({
  table,
  clock,
  secrets,
}: Pick<Platform, "table" | "clock" | "secrets">): DeploymentDeps => ({
  table,
  clock,
  secrets,
  outbound: outbound(),
});

export function workDeps(platform: Pick<Platform, "table" | "clock" | "secrets">): WorkDeps {
  const { BUCKET_NAME } = readSettings(["BUCKET_NAME"]);
  return { ...deploymentDeps(platform), blobs: connectFiles(BUCKET_NAME).blobs };
}
