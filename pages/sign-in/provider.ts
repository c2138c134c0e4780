import { call, deviceToken, opened } from "../api.ts";
import type { Arrival } from "../arrival.ts";

/** Where somebody was who went to their company's provider, to go on there afterwards. */
export interface Left {
  readonly path: string;
  readonly fragment: string;
}

interface Trip extends Left {
  readonly state: string;
  readonly verifier: string;
}

/** In this tab only, and only until it comes back. */
const TRIP = "kaizen.sso";

const base64url = (bytes: Uint8Array): string =>
  btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");

/** 256 random bits as base64url. */
export const secret = (): string => base64url(crypto.getRandomValues(new Uint8Array(32)));

/** The challenge of a verifier (PKCE, S256). */
export async function challengeOf(verifier: string): Promise<string> {
  return base64url(new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier))));
}

/**
 * Leaves for a provider (PKCE, RFC 7636).
 * @param to as `GET /sso/start` is told: that of the company whose domain an address has, or one that is everybody's
 */
export async function leaveForProvider(to: Readonly<Record<string, string>>, left: Left): Promise<void> {
  const trip: Trip = { ...left, state: secret(), verifier: secret() };
  sessionStorage.setItem(TRIP, JSON.stringify(trip));
  const query = new URLSearchParams({
    ...to,
    redirect_uri: `${location.origin}/sign-in`,
    state: trip.state,
    code_challenge: await challengeOf(trip.verifier),
  });
  location.assign(`/api/v1/sso/start?${query}`);
}

/** Whoever opens a page in another way has not come back from where they were sent. */
export const forgetTrip = (): void => sessionStorage.removeItem(TRIP);

/** Whether somebody comes back from a provider. */
export const isReturn = ({ path, query }: Arrival): boolean => path === "/sign-in" && query.has("code");

/**
 * Opens the session of whoever comes back.
 * @returns where they were; undefined where this tab has not begun it, or the state is another's
 * @throws Refusal
 */
export async function comeBack({ query }: Arrival): Promise<Left | undefined> {
  const kept = sessionStorage.getItem(TRIP);
  sessionStorage.removeItem(TRIP);
  if (kept === null) return undefined;
  const { state, verifier, ...left }: Trip = JSON.parse(kept);
  if (query.get("state") !== state) return undefined;
  const body = { code: query.get("code") ?? "", code_verifier: verifier, ...deviceToken() };
  opened(await call("sso.token", { body }));
  return left;
}
