import { randomBytes } from "node:crypto";
import type { Platform } from "../../shared/http/platform.ts";
import { connectDns, type LookUpTxt } from "./proving/dns.ts";

export interface DomainsDeps extends Pick<Platform, "table" | "secrets"> {
  /** 256 random bits as base64url. */
  readonly randomSecret: () => string;
  readonly lookUpTxt: LookUpTxt;
}

export const domainsDeps = ({ table, secrets }: Platform): DomainsDeps => ({
  table,
  secrets,
  randomSecret: () => randomBytes(32).toString("base64url"),
  lookUpTxt: connectDns(),
});
