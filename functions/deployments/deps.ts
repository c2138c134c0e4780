import type { Blobs } from "../../shared/blobs/blobs.ts";
import { connectFiles } from "../../shared/blobs/files.ts";
import { readSettings } from "../../shared/config/settings.ts";
import type { Platform } from "../../shared/http/platform.ts";
import { createOutbound } from "../../shared/outbound/index.ts";
import { outboundPolicy, outboundSettings } from "../../shared/outbound/settings.ts";
import { connectKmsKeys, createSecrets } from "../../shared/secrets/index.ts";
import { planeSecrets } from "../../shared/secrets/purposes.ts";
import { sealer } from "../../shared/secrets/sealer.ts";
import { connectKmsKey } from "../../shared/signing/kms.ts";
import { connectPlane, type GatewayCallDeps } from "../gateways/calls/public.ts";
import type { SealDeps } from "./sealing/seal.ts";

/** What putting a deployment on its gateway, and taking it away, takes. */
export interface WorkDeps extends DeploymentDeps, SealDeps {
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
  plane: connectPlane(),
});

export function workDeps(platform: Pick<Platform, "table" | "clock" | "secrets">): WorkDeps {
  const { BUCKET_NAME, DATA_PLANE_KEY_ARN, DEPLOYMENTS_KEY_ARN } = readSettings([
    "BUCKET_NAME",
    "DATA_PLANE_KEY_ARN",
    "DEPLOYMENTS_KEY_ARN",
  ]);
  const uses = planeSecrets.map((purpose) => `seal:${purpose}`).join(",");
  return {
    ...deploymentDeps(platform),
    blobs: connectFiles(BUCKET_NAME).blobs,
    plane_secrets: sealer(createSecrets({ keys: connectKmsKeys(DATA_PLANE_KEY_ARN, uses) })),
    signer: connectKmsKey(DEPLOYMENTS_KEY_ARN),
  };
}
