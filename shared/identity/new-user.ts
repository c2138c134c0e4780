import { timestamp } from "../clock.ts";
import { newEtag } from "../ids.ts";
import type { User } from "./items.ts";

/** Who somebody is that has no account yet. */
export interface NewUser extends Pick<User, "id" | "email" | "name" | "language" | "has_password"> {
  readonly organization_id: string;
  /** Their account at the pool; null for whom a directory has brought before they were here. */
  readonly sub: string | null;
}

/** A user who begins with an account at the pool and one session, or with neither. */
export function newUser({ organization_id, sub, ...person }: NewUser, at: Date): User {
  const now = timestamp(at);
  const sessions = sub === null ? 0 : 1;
  return {
    ...person,
    status: "active",
    default_organization_id: organization_id,
    last_login_at: sub === null ? null : now,
    subs: sub === null ? [] : [sub],
    epoch: 0,
    sessions_opened: sessions,
    sessions_live: sessions,
    created_at: now,
    updated_at: now,
    etag: newEtag(at),
  };
}
