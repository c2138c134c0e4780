import { randomBytes } from "node:crypto";
import * as z from "zod";
import { parseEnvironment } from "../../shared/config/env.ts";
import type { Platform } from "../../shared/http/platform.ts";
import type { RegistrationPolicy } from "./registration/rules/policy.ts";
import { connectCognito, type IdentityProvider } from "./sessions/cognito.ts";

export interface AuthDeps {
  readonly table: Platform["table"];
  readonly secrets: Platform["secrets"];
  readonly identities: IdentityProvider;
  /** 256 random bits as base64url. */
  readonly randomSecret: () => string;
  /** Allowances by address and block are multiplied by it where everybody shares one address. */
  readonly origin_factor: number;
  readonly registration: RegistrationPolicy;
}

const settings = z.object({
  USER_POOL_ID: z.string(),
  USER_POOL_CLIENT_ID: z.string(),
  ORIGIN_FACTOR: z.coerce.number().int().positive().default(1),
  REGISTRATION: z.enum(["open", "closed"]).default("open"),
  REGISTRATION_DOMAINS: z.string().default(""),
});

export function authDeps(platform: Platform): AuthDeps {
  const read = parseEnvironment(settings);
  return {
    table: platform.table,
    secrets: platform.secrets,
    identities: connectCognito({ userPoolId: read.USER_POOL_ID, clientId: read.USER_POOL_CLIENT_ID }),
    randomSecret: () => randomBytes(32).toString("base64url"),
    origin_factor: read.ORIGIN_FACTOR,
    registration: {
      open: read.REGISTRATION === "open",
      domains: read.REGISTRATION_DOMAINS.toLowerCase()
        .split(",")
        .filter((domain) => domain !== ""),
    },
  };
}
