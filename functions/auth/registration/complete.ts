import type { Problem } from "../../../shared/errors.ts";
import type { Call } from "../../../shared/http/call.ts";
import type { Output } from "../../../shared/http/operation.ts";
import { newId } from "../../../shared/ids.ts";
import { cutText } from "../../../shared/text.ts";
import { found, LARGEST_FOUNDING } from "../../organizations/public.ts";
import type { AuthDeps } from "../deps.ts";
import type { operations } from "../operations.ts";
import { LARGEST_ACCOUNT, withNewAccount } from "./account.ts";
import { type Registration, spendRegistration } from "./store.ts";

type Verify = (typeof operations)["verifyEmail"];

/**
 * Makes the company and its first user once the address is proved: organization, user, membership, workspace and
 * session are one transaction, which spends the token. A password that the provider refuses leaves the token as it was.
 */
export async function completeRegistration(
  call: Call<Verify>,
  deps: AuthDeps,
  registration: Registration,
  spent: () => Problem,
): Promise<Output<Verify>> {
  const { at, body } = call;
  const { id, email, name, language, organization_slug: slug } = registration;
  const organization_name = registration.organization_name ?? `${cutText(name, 100)}'s organization`;
  const organization_id = newId("organization", at);
  const spend = spendRegistration(deps.table, id, spent);
  return withNewAccount(deps, { email, name, language, password: body.password, organization_id }, call, (account) => {
    const { user, tokens, device_token } = account;
    const wish = {
      organization_id,
      name: organization_name,
      slug,
      slug_field: "organization_slug",
      // It was free when it was asked for; who has proved the address by now does not begin anew for it.
      exact: false,
      founder: user,
      primary: true,
      at,
    } as const;
    return found(deps.table, wish, ({ organization, workspace, ...founded }) =>
      call.commit(
        {
          writes: [spend, ...account.writes, ...founded.writes],
          events: [...founded.events, ...account.events],
          largest: 1 + LARGEST_ACCOUNT + LARGEST_FOUNDING,
        },
        { user, organization, workspace, tokens, device_token },
        { tenant: organization_id, actor: { type: "user", id: user.id } },
      ),
    );
  });
}
