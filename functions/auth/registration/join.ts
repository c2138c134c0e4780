import { updateWithRetry } from "../../../shared/change/update.ts";
import type { Handler } from "../../../shared/http/call.ts";
import { acceptance, LARGEST_ACCEPTANCE, openInvitation } from "../../invitations/public.ts";
import type { AuthDeps } from "../deps.ts";
import type { operations } from "../operations.ts";
import { admitOrigin } from "../throttle/admit.ts";
import { LARGEST_ACCOUNT, withNewAccount } from "./account.ts";

/**
 * Makes the account of somebody who was invited: user, membership, seat and session are one transaction, which spends
 * the invitation. A password that the provider refuses, and a plan without a seat, leave the link as it was.
 */
export const join: Handler<(typeof operations)["join"], AuthDeps> = async (call, deps) => {
  const { at, body, request } = call;
  await admitOrigin(deps, { source: "token_source" }, request.ip, at);
  const open = await openInvitation(deps.table, body.token, at);
  const { organization, invitation } = open;
  const person = {
    email: invitation.email,
    name: body.name,
    language: body.language ?? null,
    password: body.password,
    organization_id: organization.id,
  };
  return withNewAccount(deps, person, call, async (account) => {
    const { user, tokens, device_token } = account;
    return updateWithRetry(undefined, async () => {
      const accepted = await acceptance(deps.table, open, user, { at, primary: true });
      return call.commit(
        {
          writes: [...accepted.writes, ...account.writes],
          events: [...account.events, ...accepted.events],
          largest: LARGEST_ACCOUNT + LARGEST_ACCEPTANCE,
        },
        { user, organization, ...accepted.joined, tokens, device_token },
        { tenant: organization.id, actor: { type: "user", id: user.id } },
      );
    });
  });
};
