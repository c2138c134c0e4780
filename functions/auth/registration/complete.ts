import { Problem } from "../../../shared/errors.ts";
import type { Call } from "../../../shared/http/call.ts";
import type { Output } from "../../../shared/http/operation.ts";
import { emailItem, PLATFORM, sessionItem } from "../../../shared/identity/items.ts";
import { newId } from "../../../shared/ids.ts";
import { cutText } from "../../../shared/text.ts";
import type { AuthDeps } from "../deps.ts";
import { slugify } from "../model.ts";
import type { operations } from "../operations.ts";
import { newSession, signedIn } from "../sessions/open.ts";
import { knownFromNow } from "../throttle/admit.ts";
import { emailTaken, found, foundingEvents, foundingWrites } from "./found.ts";
import { type Registration, registrationItem } from "./store.ts";

type Verify = (typeof operations)["verifyEmail"];

/** How many slugs are tried; from the second on with a random ending. */
const SLUG_TRIES = 4;

/**
 * Makes the company and its first user once the address is proved: organization, user, membership, workspace and
 * session are one transaction, which spends the token. The provider's account is made before it under the new user id;
 * the e-mail marker in the table is the only way to it. When the transaction is refused the account is deleted again.
 * When its answer is lost nobody knows whether it was written, so the account stays: unreachable if it was not, and the
 * user's own if it was. A password that the provider refuses leaves the token as it was.
 */
export async function completeRegistration(
  call: Call<Verify>,
  deps: AuthDeps,
  registration: Registration,
  spent: () => Problem,
): Promise<Output<Verify>> {
  const { at, body, request } = call;
  const { email } = registration;
  const platform = deps.table.of(PLATFORM);
  if ((await platform.get(emailItem, { email })) !== undefined) throw emailTaken();
  const user_id = newId("user", at);
  const organization_id = newId("organization", at);
  let uncertain = false;
  try {
    const sub = await deps.identities.createUser(user_id, email, body.password);
    const provider = await deps.identities.signIn(user_id, body.password);
    if (provider === undefined) throw new Error("the provider refused a user that it has just created");
    const named = { id: user_id, default_organization_id: organization_id };
    const { session, tokens } = await newSession(deps, named, provider, request, at);
    const device_token = deps.randomSecret();
    for (let attempt = 1; ; attempt++) {
      const slug = slugFor(registration, attempt, deps);
      const founded = found(registration, { user_id, sub, organization_id }, slug, at);
      try {
        return await call.commit(
          {
            writes: [
              platform.writes.transition(
                registrationItem,
                { id: registration.id },
                { from: ["pending"], set: { status: "completed" } },
                spent,
              ),
              ...foundingWrites(deps, founded, at),
              platform.writes.create(sessionItem, session),
              ...knownFromNow(platform, { email, ip: request.ip, device_token }, at),
            ],
            events: [...foundingEvents(founded), signedIn(session)],
            largest: 40,
          },
          {
            user: founded.user,
            organization: founded.organization,
            workspace: founded.workspace,
            tokens,
            device_token,
          },
          { tenant: organization_id, actor: { type: "user", id: user_id } },
        );
      } catch (error) {
        uncertain = !(error instanceof Problem) || error.status >= 500;
        const takenSlug = error instanceof Problem && error.options.issues?.[0]?.path === "organization_slug";
        if (!takenSlug || attempt === SLUG_TRIES) throw error;
      }
    }
  } catch (error) {
    // An account that cannot be deleted now is as unreachable as one that is gone: the refusal is what matters.
    if (!uncertain) await deps.identities.deleteUser(user_id).catch(() => undefined);
    throw error;
  }
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
