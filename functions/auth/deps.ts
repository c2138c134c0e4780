import { randomBytes } from "node:crypto";
import * as z from "zod";
import { parseEnvironment } from "../../shared/config/env.ts";
import type { Platform } from "../../shared/http/platform.ts";
import { connectCognito, type IdentityProvider } from "./sessions/cognito.ts";

export interface AuthDeps {
  readonly table: Platform["table"];
  readonly secrets: Platform["secrets"];
  readonly identities: IdentityProvider;
  /** 256 random bits as base64url. */
  readonly randomSecret: () => string;
  /** Sign-in attempts a minute from one address. */
  readonly attempts_per_address: number;
}

const settings = z.object({
  USER_POOL_ID: z.string(),
  USER_POOL_CLIENT_ID: z.string(),
  SIGN_IN_LIMIT_ADDRESS: z.coerce.number().int().positive().default(10),
});

export function authDeps(platform: Platform): AuthDeps {
  const { USER_POOL_ID, USER_POOL_CLIENT_ID, SIGN_IN_LIMIT_ADDRESS } = parseEnvironment(settings);
  return {
    table: platform.table,
    secrets: platform.secrets,
    identities: connectCognito({ userPoolId: USER_POOL_ID, clientId: USER_POOL_CLIENT_ID }),
    randomSecret: () => randomBytes(32).toString("base64url"),
    attempts_per_address: SIGN_IN_LIMIT_ADDRESS,
  };
}
