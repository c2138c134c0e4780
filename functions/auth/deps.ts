import { randomBytes } from "node:crypto";
import { readSettings } from "../../shared/config/settings.ts";
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

const SETTINGS = [
  "USER_POOL_ID",
  "USER_POOL_CLIENT_ID",
  "ORIGIN_FACTOR",
  "REGISTRATION",
  "REGISTRATION_DOMAINS",
] as const;

export function authDeps(platform: Platform): AuthDeps {
  const read = readSettings(SETTINGS);
  return {
    table: platform.table,
    secrets: platform.secrets,
    identities: connectCognito({ userPoolId: read.USER_POOL_ID, clientId: read.USER_POOL_CLIENT_ID }),
    randomSecret: () => randomBytes(32).toString("base64url"),
    origin_factor: read.ORIGIN_FACTOR,
    registration: {
      open: read.REGISTRATION === "open",
      domains: read.REGISTRATION_DOMAINS.map((domain) => domain.toLowerCase()),
    },
  };
}
