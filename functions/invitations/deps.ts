import { randomBytes } from "node:crypto";
import type { Platform } from "../../shared/http/platform.ts";

export interface InvitationsDeps extends Pick<Platform, "table" | "secrets"> {
  /** 256 random bits as base64url. */
  readonly randomSecret: () => string;
}

export const invitationsDeps = ({ table, secrets }: Platform): InvitationsDeps => ({
  table,
  secrets,
  randomSecret: () => randomBytes(32).toString("base64url"),
});
