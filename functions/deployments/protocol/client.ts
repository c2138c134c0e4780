import { callGateway, type GatewayCallDeps } from "../../gateways/calls/public.ts";
import type { Gateway } from "../../gateways/model.ts";
import type { Deployment } from "../model.ts";
import { registered, type Said, served, unregistered } from "../rules/answers.ts";
import type { Packed } from "../rules/bundle.ts";

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
  deps: GatewayCallDeps,
): Promise<Said<{ readonly id: string; readonly endpoint: string | undefined }>> {
  const body = { deployment_id: id, kind: "agent", name, environment, version, digest, bundle };
  const asked = await callGateway(
    gateway,
    {
      method: "POST",
      url: agents(gateway),
      headers: { ...json, "idempotency-key": id },
      body: JSON.stringify(body),
      timeout_ms: REGISTER_MS,
      max_bytes: MOST_ANSWER_BYTES,
    },
    deps,
  );
  return asked === null ? UNREADABLE : registered(asked.answer);
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
