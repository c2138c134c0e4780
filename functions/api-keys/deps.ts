import { randomBytes } from "node:crypto";
import { Pepper } from "../../shared/access/keys/pepper.ts";
import type { Platform } from "../../shared/http/platform.ts";

export interface ApiKeysDeps extends Pick<Platform, "table"> {
  readonly pepper: Pepper;
  /** 256 random bits as base64url. */
  readonly randomSecret: () => string;
}

export const apiKeysDeps = ({ table, secrets }: Platform): ApiKeysDeps => ({
  table,
  pepper: new Pepper(table, secrets),
  randomSecret: () => randomBytes(32).toString("base64url"),
});
