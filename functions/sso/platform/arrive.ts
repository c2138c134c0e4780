import { isDeepStrictEqual } from "node:util";
import type { Call } from "../../../shared/http/call.ts";
import { newId } from "../../../shared/ids.ts";
import type { Arrived } from "../flow/company.ts";
import type { SignInDeps } from "../flow/deps.ts";
import type { signInOperations } from "../flow/operations.ts";
import type { Begun } from "../flow/rules/begun.ts";
import type { Everybodys, Refusal } from "../model.ts";
import { type Judged, judgeEverybodys } from "./judge.ts";
import { concernedBy, tellRefused } from "./refused.ts";
import { platformPerson, platformWay } from "./way.ts";

type Back = Call<(typeof signInOperations)["callback"]>;

/** Why nobody comes in, and what was known of them by then. */
interface TurnedAway {
  readonly reason: Refusal;
  readonly judged?: Judged;
}

/**
 * Somebody who comes back from a provider that is everybody's. Where they are refused the page says why, and the log; a
 * trail only where it is somebody's here.
 * @returns the reason, where nobody comes in
 */
export async function arriveFromEverybodys(
  call: Back,
  deps: SignInDeps,
  begun: Begun,
  lead: Everybodys,
): Promise<Arrived | Refusal> {
  const arrived = await arrivedOrNot(call, deps, begun, lead);
  if (!("reason" in arrived)) return arrived;
  const { reason, judged } = arrived;
  const concerns = judged && concernedBy(judged);
  await tellRefused(call, deps, { provider: lead.provider, purpose: "sign_in", reason, concerns });
  return reason;
}

async function arrivedOrNot(
  { query, at, origin }: Back,
  deps: SignInDeps,
  { secret, way: begun }: Begun,
  lead: Everybodys,
): Promise<Arrived | TurnedAway> {
  const way = platformWay(deps.clients, lead.provider, origin);
  if (way === null) return { reason: "connection_inactive" };
  if (!isDeepStrictEqual(way, begun)) return { reason: "expired" };
  if (query.code === undefined) return { reason: "provider_refused" };
  const person = await platformPerson(query.code, secret, { provider: lead.provider, way }, deps);
  if (person === undefined) return { reason: "provider_failed" };
  const judged = await judgeEverybodys(deps.table, lead, person.profile, at, { unread: true });
  const { decision, user, organization } = judged;
  if (decision.kind === "refused") return { reason: decision.reason, judged };
  const id = newId("sso_sign_in", at);
  return { id, person, seen_user_id: user?.id, seen_organization_id: organization?.id };
}
