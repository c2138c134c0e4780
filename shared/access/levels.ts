import { OWNER } from "../identity/owners.ts";

/** How far somebody's part in an organization reaches; screens show more of it to whoever has more. */
export const levels = { performer: 1, process_owner: 2, value_chain_owner: 3 } as const;

/** The level of a role. It grants nothing: what somebody may do is their permissions. One of an organization's own is a task performer's. */
export const levelOf = (role: string): (typeof levels)[keyof typeof levels] =>
  role === OWNER ? levels.value_chain_owner : role === "org_admin" ? levels.process_owner : levels.performer;
