import type { Envelope } from "../../../shared/change/events.ts";
import { PLATFORM, sessionItem, userItem } from "../../../shared/identity/items.ts";
import type { AuthDeps } from "../deps.ts";
import { providerTokenContext } from "./open.ts";
import { sessionsOf } from "./store.ts";

export type RevokeDeps = Pick<AuthDeps, "table" | "secrets"> & {
  readonly identities: Pick<AuthDeps["identities"], "revoke">;
};

/**
 * Ends at the pool what has ended here: the tokens of every session of the user that is not live, also of an account
 * that is the user's no more (`sub`, of `sso.identity_unlinked`). The session is removed when the pool has said yes, so a
 * message that comes again finds what is left to do.
 */
export async function revokePoolTokens(event: Envelope, { table, secrets, identities }: RevokeDeps): Promise<void> {
  const { user_id, sub: former } = event.data;
  if (typeof user_id !== "string") return;
  const platform = table.of(PLATFORM);
  const user = await platform.get(userItem, { id: user_id });
  if (user === undefined) return;
  const subs = [...new Set([...user.subs, ...(typeof former === "string" ? [former] : [])])];
  for (const session of await sessionsOf(table, { subs })) {
    if (session.status === "active") continue;
    const { sub, origin_jti } = session;
    const token = await secrets.decrypt(session.provider_token, providerTokenContext(session));
    await identities.revoke(token, session.client_id);
    await table.transact([
      platform.writes.remove(
        sessionItem,
        { sub, origin_jti },
        { any: [{ absent: ["pk"] }, { differs: { status: "active" } }] },
      ),
    ]);
  }
}
