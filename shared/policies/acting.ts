import type { Authentication } from "../access/authenticate.ts";
import type { Rights } from "../access/grants.ts";
import type { levelOf } from "../access/levels.ts";
import type { PrincipalFacts } from "./language.ts";

/** Who acts, and by what rights. */
export interface Acting {
  readonly rights: Rights;
  readonly who: Pick<Authentication, "session">;
  readonly at: Date;
  /** The member for whom a key acts. */
  readonly acts_for: string | undefined;
  readonly levelOf: typeof levelOf;
}

/** Whoever acts, as conditions see them. */
export function principalOf({
  rights,
  who: { session },
  at,
  acts_for,
  levelOf,
}: Acting): Omit<PrincipalFacts, "email" | "teams"> {
  const { principal } = rights.caller;
  const role = rights.by === "membership" ? rights.membership.role : rights.by === "api_key" ? rights.role : undefined;
  const minutesSince = (instant: string) => Math.max(0, Math.floor((at.getTime() - Date.parse(instant)) / 60_000));
  return {
    kind: principal.type,
    id: principal.id,
    ...(role === undefined ? {} : { role, level: levelOf(role) }),
    ...(rights.by === "api_key" ? { api_key_id: rights.key.id, scopes: rights.key.scopes, acts_for } : {}),
    ...(session === undefined
      ? {}
      : {
          mfa: session.second_factor,
          auth_age_minutes: minutesSince(session.proved_at),
          session_age_minutes: minutesSince(session.created_at),
        }),
  };
}
