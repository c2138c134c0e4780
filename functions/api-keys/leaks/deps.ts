import { Pepper } from "../../../shared/access/keys/pepper.ts";
import { readSettings } from "../../../shared/config/settings.ts";
import type { Platform } from "../../../shared/http/platform.ts";
import { createOutbound } from "../../../shared/outbound/index.ts";
import { outboundPolicy, outboundSettings } from "../../../shared/outbound/settings.ts";
import { type ScannerKeys, scannerKeys } from "./scanner-keys.ts";

export interface LeaksDeps extends Pick<Platform, "table" | "log"> {
  readonly pepper: Pepper;
  readonly isSigned: ScannerKeys;
}

export function leaksDeps({ table, secrets, log }: Platform): LeaksDeps {
  const settings = readSettings([...outboundSettings, "SECRET_SCANNING_KEYS"]);
  const outbound = createOutbound(outboundPolicy(settings));
  return {
    table,
    log,
    pepper: new Pepper(table, secrets),
    isSigned: scannerKeys(outbound, settings.SECRET_SCANNING_KEYS),
  };
}
