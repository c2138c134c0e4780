import { callGateway, type GatewayCallDeps } from "../../gateways/calls/public.ts";
import type { Gateway } from "../../gateways/model.ts";
import type { Endpoint } from "../../serving/public.ts";
import type { Deployment } from "../model.ts";
import { done, registered, type Said, served, unregistered } from "../rules/answers.ts";
import type { Packed } from "../rules/bundle.ts";
import type { Sealed } from "../sealing/seal.ts";

/** The deploy protocol: what a gateway is asked (docs/gateways.md). */

/** Putting an agent in place may take a while. */
const REGISTER_MS = 30_000;
const ASK_MS = 15_000;
const MOST_ANSWER_BYTES = 65_536;

const json = { accept: "application/json", "content-type": "application/json" };

const agents = ({ api_url }: Pick<Gateway, "api_url">, registration_id?: string): string =>
  `${api_url}/api/v1/agents/${registration_id === undefined ? "register" : encodeURIComponent(registration_id)}`;

/** Asks for a registration. Whoever asks again for the same deployment gets the same one, which the idempotency key says. */
export async function register(
  gateway: Gateway,
  { id, name, environment, version }: Deployment,
  { bundle, digest }: Packed,
  sealed: Sealed | undefined,
  deps: GatewayCallDeps,
): Promise<Said<{ readonly id: string; readonly endpoint: string | undefined }>> {
  const body = { deployment_id: id, kind: "agent", name, environment, version, digest, bundle, sealed };
  const asked = await callGateway(
    gateway,
    {
      method: "POST",
      url: agents(gateway),
      headers: { ...json, "idempotency-key": id },
      json: body,
      timeout_ms: REGISTER_MS,
      max_bytes: MOST_ANSWER_BYTES,
    },
    deps,
  );
  return asked === null ? UNREADABLE : registered(asked.answer);
}

const placeOf = ({ gateway_id, target_id }: Pick<Endpoint, "gateway_id" | "target_id">): string =>
  `/api/v1/endpoints/${gateway_id}/${target_id}`;

/** Has the built-in data plane forget an endpoint, whose gateway may be gone here. */
export async function forgetEndpoint(
  organization_id: string,
  place: Pick<Endpoint, "gateway_id" | "target_id">,
  { plane }: Pick<GatewayCallDeps, "plane">,
): Promise<Said<object>> {
  return unregistered(await plane.ask({ organization_id, method: "DELETE", path: placeOf(place) }));
}

/** Tells the built-in data plane what is served of a thing, and to whom. */
export async function tellEndpoint(gateway: Gateway, endpoint: Endpoint, deps: GatewayCallDeps): Promise<Said<object>> {
  const url = `${gateway.api_url}${placeOf(endpoint)}`;
  const asked = await callGateway(gateway, { method: "PUT", url, headers: json, json: endpoint, ...ASK }, deps);
  return asked === null ? UNREADABLE : done(asked.answer);
}

/** What the gateway serves under a registration. */
export async function describe(gateway: Gateway, registration_id: string, deps: GatewayCallDeps) {
  const request = { method: "GET", url: agents(gateway, registration_id), headers: json, ...ASK } as const;
  const asked = await callGateway(gateway, request, deps);
  return asked === null ? UNREADABLE : served(asked.answer);
}

/** Has a registration taken away. */
export async function unregister(gateway: Gateway, registration_id: string, deps: GatewayCallDeps) {
  const headers = { accept: "application/json", "idempotency-key": registration_id };
  const request = { method: "DELETE", url: agents(gateway, registration_id), headers, ...ASK } as const;
  const asked = await callGateway(gateway, request, deps);
  return asked === null ? UNREADABLE : unregistered(asked.answer);
}

const ASK = { timeout_ms: ASK_MS, max_bytes: MOST_ANSWER_BYTES };
const UNREADABLE = { ok: false, code: "key_unreadable" } as const;
