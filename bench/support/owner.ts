import { timestamp } from "../../shared/clock.ts";
import { toStored } from "../../shared/dynamo/item.ts";
import {
  emailItem,
  membershipItem,
  organizationItem,
  PLATFORM,
  sessionItem,
  userItem,
} from "../../shared/identity/items.ts";
import { UNSET } from "../../shared/identity/settings.ts";
import { newEtag, newId } from "../../shared/ids.ts";
import { CLIENT } from "./tokens.ts";

/** Somebody signed in as the owner of an organization, with the items as they are stored. */
export interface Owner {
  readonly organization_id: string;
  readonly user_id: string;
  readonly email: string;
  readonly origin_jti: string;
  readonly items: readonly Record<string, unknown>[];
}

export function ownerAt(at: Date, origin_jti: string, email = "ada@example.com"): Owner {
  const now = timestamp(at);
  const organization_id = newId("organization", at);
  const user_id = newId("user", at);
  const stamps = { created_at: now, updated_at: now, etag: newEtag(at) };
  const organization = {
    ...stamps,
    id: organization_id,
    name: "Acme",
    slug: "acme",
    status: "active",
    suspension: null,
    deletion: null,
    plan: "enterprise",
    settings: UNSET,
    created_by: user_id,
  };
  const membership = {
    organization_id,
    user_id,
    role: "org_owner",
    joined_via: "registration",
    status: "active",
    primary: true,
    joined_at: now,
    last_seen_on: now.slice(0, 10),
    name_key: "ada",
    updated_at: now,
    etag: newEtag(at),
  };
  const user = {
    ...stamps,
    id: user_id,
    email,
    name: "Ada",
    language: null,
    status: "active",
    default_organization_id: organization_id,
    last_login_at: now,
    // The benchmark's tokens name the account by our own id.
    subs: [user_id],
    has_password: true,
    epoch: 0,
    sessions_opened: 1,
    sessions_live: 1,
  };
  const session = {
    sub: user_id,
    origin_jti,
    client_id: CLIENT,
    id: newId("session", at),
    user_id,
    default_organization_id: organization_id,
    status: "active",
    refresh_hash: "x".repeat(43),
    // As long as an encrypted refresh token of Cognito.
    provider_token: "x".repeat(2_000),
    method: "password",
    second_factor: false,
    proved_at: now,
    last_seen_at: now,
    longest_idle_seconds: 0,
    ip: "192.0.2.1",
    user_agent: "benchmark",
    created_at: now,
    refreshed_at: now,
    expires_at: timestamp(new Date(at.getTime() + 86_400_000)),
  };
  const items = [
    toStored(organizationItem, organization_id, organization),
    toStored(membershipItem, organization_id, membership),
    toStored(userItem, PLATFORM, user),
    toStored(emailItem, PLATFORM, { email, user_id }),
    toStored(sessionItem, PLATFORM, session),
  ];
  return { organization_id, user_id, email, origin_jti, items };
}
