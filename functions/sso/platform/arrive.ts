import { isDeepStrictEqual } from "node:util";
import type { Call } from "../../../shared/http/call.ts";
import { newId } from "../../../shared/ids.ts";
import type { Arrived } from "../flow/company.ts";
import type { SignInDeps } from "../flow/deps.ts";
import type { signInOperations } from "../flow/operations.ts";
import type { Begun } from "../flow/rules/begun.ts";
import type { Everybodys, Refusal } from "../model.ts";
import { judgeEverybodys } from "./judge.ts";
import { platformPerson, platformWay } from "./way.ts";

type Back = Call<(typeof signInOperations)["callback"]>;

/**
 * Somebody who comes back from a provider that is everybody's. Whoever is refused here is of no organization: the page says
 * why, the operator's log too, and nothing is written that a stranger could fill.
 * @returns the reason, where nobody comes in
 */
export async function arriveFromEverybodys(
  call: Back,
  deps: SignInDeps,
  begun: Begun,
  lead: Everybodys,
): Promise<Arrived | Refusal> {
  const arrived = await arrivedOrNot(call, deps, begun, lead);
  if (typeof arrived === "string")
    deps.log.info("sign_in.refused", { provider: lead.provider, reason: arrived, request_id: call.request.id });
  return arrived;
}

async function arrivedOrNot(
  { query, at, origin }: Back,
  deps: SignInDeps,
  { secret, way: begun }: Begun,
  lead: Everybodys,
): Promise<Arrived | Refusal> {
  const way = platformWay(deps.clients, lead.provider, origin);
  if (way === null) return "connection_inactive";
  if (!isDeepStrictEqual(way, begun)) return "expired";
  if (query.code === undefined) return "provider_refused";
  const person = await platformPerson(query.code, secret, { provider: lead.provider, way }, deps);
  if (person === undefined) return "provider_failed";
  const { decision, user, organization } = await judgeEverybodys(deps.table, lead, person.profile, at, {
    unread: true,
  });
  if (decision.kind === "refused") return decision.reason;
  const id = newId("sso_sign_in", at);
  return { id, person, seen_user_id: user?.id, seen_organization_id: organization?.id };
}
