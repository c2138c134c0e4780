import type { Clock } from "../clock.ts";
import { Problem } from "../errors.ts";

/** Credentials of one session, as AWS gives them. */
export interface SessionCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  /** When AWS takes them no more. */
  readonly expiration: Date;
}

/** Gets credentials that are a tenant's. */
export type Assume = (tenant: string) => Promise<SessionCredentials>;

/**
 * How many tenants one process holds credentials for, at 2 KB each; who was served longest ago is forgotten first. With a tenth of it
 * a deployment of 10,000 tenants would ask STS more often than AWS lets an account (docs/adr/0098).
 */
export const MOST_TENANTS = 10_000;

/**
 * From which part of their life on credentials are renewed: a random one between these, so that those of many tenants and
 * processes that began together are not renewed together. What is left, 12 minutes of an hour at least, is how long STS may
 * fail without anybody noticing who has been served before.
 */
const RENEWED_FROM = 0.6;
const RENEWED_TO = 0.8;

/** So long before their end credentials are used no more: whoever gets them may still sign with them for a while. */
const LAST_SECONDS = 60;

/** After a renewal that failed the ones that still count are used so long before the next try. */
const AGAIN_SECONDS = 20;

interface Held {
  readonly credentials: SessionCredentials;
  /** Milliseconds since the epoch. */
  renewed_at: number;
  readonly ends_at: number;
}

/**
 * Credentials of tenants, got when they are first needed and kept until they are to be renewed. One request gets them for all
 * that need them at the same time. Where they cannot be got nobody is let in by other ones: a wall that opens when
 * somebody leans on STS would be none.
 */
export class TenantCredentials {
  readonly #assume: Assume;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #most: number;
  readonly #held = new Map<string, Held>();
  readonly #coming = new Map<string, Promise<SessionCredentials>>();

  /** @param random from 0 to 1, as `Math.random` */
  constructor(assume: Assume, clock: Clock, random: () => number = Math.random, most = MOST_TENANTS) {
    this.#assume = assume;
    this.#clock = clock;
    this.#random = random;
    this.#most = most;
  }

  /** How many tenants it holds credentials for. */
  get size(): number {
    return this.#held.size;
  }

  /** @throws Problem `service_unavailable` where there are none that count, and none can be got */
  async of(tenant: string): Promise<SessionCredentials> {
    const now = this.#clock.now().getTime();
    const held = this.#held.get(tenant);
    if (held !== undefined) {
      this.#held.delete(tenant);
      this.#held.set(tenant, held);
      if (now < held.renewed_at) return held.credentials;
    }
    try {
      return await this.#get(tenant);
    } catch (error) {
      if (held === undefined || now >= held.ends_at) throw closed(error);
      held.renewed_at = Math.min(held.ends_at, now + AGAIN_SECONDS * 1_000 * (1 + this.#random()));
      return held.credentials;
    }
  }

  /** One request for all who ask meanwhile. */
  #get(tenant: string): Promise<SessionCredentials> {
    const coming = this.#coming.get(tenant);
    if (coming !== undefined) return coming;
    const got = this.#assume(tenant)
      .then((credentials) => this.#keep(tenant, credentials))
      .finally(() => this.#coming.delete(tenant));
    this.#coming.set(tenant, got);
    return got;
  }

  #keep(tenant: string, credentials: SessionCredentials): SessionCredentials {
    const now = this.#clock.now().getTime();
    const ends_at = credentials.expiration.getTime() - LAST_SECONDS * 1_000;
    const part = RENEWED_FROM + (RENEWED_TO - RENEWED_FROM) * this.#random();
    this.#held.delete(tenant);
    this.#held.set(tenant, { credentials, renewed_at: now + (ends_at - now) * part, ends_at });
    if (this.#held.size > this.#most) this.#held.delete(this.#held.keys().next().value ?? "");
    return credentials;
  }
}

const closed = (cause: unknown): Problem =>
  new Problem(
    "service_unavailable",
    "What lets a request at its organization's data, and at nobody else's, does not answer right now. Nothing was done; try again.",
    { headers: { "retry-after": "2" }, cause },
  );
