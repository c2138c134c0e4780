import type { Envelope } from "../../../shared/change/events.ts";
import { PLATFORM, userItem } from "../../../shared/identity/items.ts";
import { providerTitles } from "../../../shared/identity/platform-providers.ts";
import { type MailDeps, mailTo } from "../../../shared/mail/send.ts";
import { ssoEvents } from "../events.ts";
import { connectionItem, identityItem, platformIdentityItem } from "../store.ts";
import { linkedMail, unlinkedMail } from "./mails.ts";

export type IdentityNoticeDeps = Pick<MailDeps, "table" | "send" | "app_url">;

const MAILS = { "sso.identity_linked": linkedMail, "sso.identity_unlinked": unlinkedMail } as const;

const isTold = (type: string): type is keyof typeof MAILS => Object.hasOwn(MAILS, type);

/**
 * Tells the owner of an account by which sign-in it can be opened from now on, or no more: what somebody else has linked
 * outlives a new password. Nothing is said of the sign-in by which the account itself was made. A second delivery sends
 * the same mail again.
 */
export async function sendIdentityNotice(event: Envelope, deps: IdentityNoticeDeps): Promise<void> {
  if (!isTold(event.type)) return;
  const { identity_id: id, connection_id, provider, user_id } = ssoEvents["sso.identity_linked"].data.parse(event.data);
  const platform = deps.table.of(PLATFORM);
  const user = await platform.get(userItem, { id: user_id });
  if (user === undefined || user.created_at === event.occurred_at) return;
  const tenant = deps.table.of(event.organization_id);
  const { connection, identity } = await deps.table.batchOf({
    connection: connection_id === null ? undefined : tenant.read(connectionItem, { id: connection_id }),
    identity:
      connection_id === null
        ? platform.read(platformIdentityItem, { user_id, id })
        : tenant.read(identityItem, { connection_id, id }),
  });
  await mailTo(deps, user, MAILS[event.type], {
    app_url: deps.app_url,
    provider: provider === null ? connection?.name : providerTitles[provider],
    email: identity?.email ?? null,
    at: event.occurred_at,
  });
}
