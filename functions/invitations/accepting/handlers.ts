import { updateWithRetry } from "../../../shared/change/update.ts";
import { Problem } from "../../../shared/errors.ts";
import type { Handler } from "../../../shared/http/call.ts";
import { emailItem, membershipItem, PLATFORM, userItem } from "../../../shared/identity/items.ts";
import type { InvitationsDeps } from "../deps.ts";
import type { operations } from "../operations.ts";
import { acceptance, LARGEST_ACCEPTANCE, openInvitation } from "./accept.ts";

type Ops = typeof operations;

/** What the page behind a link needs to know. Only who was sent the mail can ask. */
export const lookUp: Handler<Ops["lookUp"], InvitationsDeps> = async ({ body, at }, { table }) => {
  const { invitation, organization } = await openInvitation(table, body.token, at);
  const platform = table.of(PLATFORM);
  const { email, role, message, expires_at, invited_by } = invitation;
  const [account, inviter] = await table.batch([
    platform.read(emailItem, { email }),
    platform.read(userItem, { id: invited_by }),
  ]);
  return {
    organization: { id: organization.id, name: organization.name },
    email,
    role,
    message,
    invited_by: inviter?.name ?? null,
    has_account: account !== undefined,
    expires_at,
  };
};

/** A user joins by the link in a mail to their own address. */
export const accept: Handler<Ops["accept"], InvitationsDeps> = async (call, { table }) => {
  const { caller, body, at } = call;
  const { user } = caller;
  const open = await openInvitation(table, body.token, at);
  const { invitation, organization } = open;
  if (invitation.email !== user.email) {
    throw new Problem(
      "forbidden",
      `The invitation was sent to ${invitation.email}, and you are signed in as ${user.email}. Sign in with that address, or ask for an invitation to yours.`,
    );
  }
  return updateWithRetry(undefined, async () => {
    const before = await table.of(organization.id).get(membershipItem, { user_id: user.id });
    const { joined, ...accepted } = await acceptance(table, open, user, { at, before, primary: false });
    return call.commit(
      { ...accepted, largest: LARGEST_ACCEPTANCE + 1 },
      { organization, ...joined },
      { tenant: organization.id, actor: caller.principal },
    );
  });
};
