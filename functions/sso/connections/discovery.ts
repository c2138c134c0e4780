import { type Issue, Problem } from "../../../shared/errors.ts";
import { invalid } from "../../../shared/http/parse.ts";
import type { Outbound } from "../../../shared/outbound/index.ts";
import { discoveryProblem } from "./rules/issuer.ts";

const PLACE = "provider.issuer";
const refused = (message: string): Problem => invalid([{ path: PLACE, message } satisfies Issue]);

/**
 * Reads the provider's discovery document, so that a mistyped issuer is told at once and not to the first who signs in.
 * @throws Problem `unsafe_url` for an address that may not be called, `validation_failed` for what is no provider's
 */
export async function requireDiscovery(outbound: Outbound, issuer: string): Promise<void> {
  const url = `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
  const checked = outbound.checkUrl(url);
  if (!checked.ok) {
    const { message } = checked.error;
    throw new Problem("unsafe_url", message, { issues: [{ path: PLACE, message }] });
  }
  const answer = await outbound.request({ method: "GET", url, headers: { accept: "application/json" } });
  if (!answer.ok) throw refused(`could not be asked: ${answer.error.message}`);
  if (answer.status !== 200) throw refused(`answered ${answer.status} for its discovery document (${url})`);
  let document: unknown;
  try {
    document = JSON.parse(answer.body.toString("utf8"));
  } catch {
    throw refused("has a discovery document that is no JSON");
  }
  const problem = discoveryProblem(document, issuer);
  if (problem !== undefined) throw refused(`has a discovery document that ${problem}`);
}
