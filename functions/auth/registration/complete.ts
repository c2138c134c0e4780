import { Problem } from "../../../shared/errors.ts";
import type { Call } from "../../../shared/http/call.ts";
import type { Output } from "../../../shared/http/operation.ts";
import { PLATFORM } from "../../../shared/identity/items.ts";
import { newId } from "../../../shared/ids.ts";
import { cutText } from "../../../shared/text.ts";
import type { AuthDeps } from "../deps.ts";
import { slugify } from "../model.ts";
import type { operations } from "../operations.ts";
import { withNewAccount } from "./account.ts";
import { found, foundingEvents, foundingWrites } from "./found.ts";
import { type Registration, registrationItem } from "./store.ts";

type Verify = (typeof operations)["verifyEmail"];

/** How many slugs are tried; from the second on with a random ending. */
const SLUG_TRIES = 4;

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
  const { email, name } = registration;
  const organization_id = newId("organization", at);
  const spend = deps.table
    .of(PLATFORM)
    .writes.transition(
      registrationItem,
      { id: registration.id },
      { from: ["pending"], set: { status: "completed" } },
      spent,
    );
  return withNewAccount(deps, { email, name, password: body.password, organization_id }, call, async (account) => {
    const { user, tokens, device_token } = account;
    for (let attempt = 1; ; attempt++) {
      const founded = found(registration, user, slugFor(registration, attempt, deps), at);
      const { organization, workspace } = founded;
      try {
        return await call.commit(
          {
            writes: [spend, ...account.writes, ...foundingWrites(deps, founded, at)],
            events: [...foundingEvents(founded, user, at), ...account.events],
            largest: 40,
          },
          { user, organization, workspace, tokens, device_token },
          { tenant: organization_id, actor: { type: "user", id: user.id } },
        );
      } catch (error) {
        const takenSlug = error instanceof Problem && error.options.issues?.[0]?.path === "organization_slug";
        if (!takenSlug || attempt === SLUG_TRIES) throw error;
      }
    }
  });
}

/** The wanted slug, or one derived from the name; a random ending when it has been taken meanwhile. */
const slugFor = (registration: Registration, attempt: number, deps: AuthDeps): string => {
  const slug = registration.organization_slug ?? slugify(registration.organization_name);
  if (attempt === 1) return slug;
  const ending = deps
    .randomSecret()
    .toLowerCase()
    .replaceAll(/[^a-z0-9]/g, "")
    .slice(0, 6);
  return `${cutText(slug, 53).replace(/-+$/, "")}-${ending}`;
};
