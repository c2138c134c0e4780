import { randomBytes } from "node:crypto";
import type { Platform } from "../../../shared/http/platform.ts";

export interface TokensDeps extends Pick<Platform, "table"> {
  /** 256 random bits as base64url. */
  readonly randomSecret: () => string;
}

export const tokensDeps = ({ table }: Platform): TokensDeps => ({
  table,
  randomSecret: () => randomBytes(32).toString("base64url"),
});
