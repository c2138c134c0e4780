import { invalid } from "../../../shared/http/parse.ts";
import { isTrusted } from "./rules/redirects.ts";

/** @throws Problem `validation_failed` for an address to which no code is sent */
export function requireTrusted(redirect_uri: string, path: string, origins: readonly string[]): void {
  if (!isTrusted(redirect_uri, origins))
    throw invalid([{ path, message: "is not of an origin that this deployment sends people to" }]);
}
