import { draft, type EventDraft } from "../../../shared/change/events.ts";
import { addSeconds, timestamp } from "../../../shared/clock.ts";
import { notFound, Problem } from "../../../shared/errors.ts";
import { sha256 } from "../../../shared/hash.ts";
import type { Call, Handler } from "../../../shared/http/call.ts";
import { PLATFORM, slugItem } from "../../../shared/identity/items.ts";
import { newId } from "../../../shared/ids.ts";
import { slugTaken } from "../../organizations/public.ts";
import type { AuthDeps } from "../deps.ts";
import { authEvents } from "../events.ts";
import { REGISTRATION_SECONDS } from "../model.ts";
import type { operations } from "../operations.ts";
import { admit, admitOrigin } from "../throttle/admit.ts";
import { accountOf } from "../throttle/model.ts";
import { completeRegistration } from "./complete.ts";
import { joinByDomain, openDomain } from "./join-domain.ts";
import { MAILS_PER_REGISTRATION, mayRegister } from "./rules/policy.ts";
import { pendingRegistration, registrationItem, registrationTokenContext } from "./store.ts";

type Ops = typeof operations;

const ANONYMOUS = { tenant: PLATFORM, actor: { type: "system", id: "anonymous" } } as const;
const ON_ITS_WAY = "A mail with further steps is on its way to the address.";

const invalidToken = (): Problem =>
  new Problem(
    "invalid_credentials",
    "The token is not valid or no longer valid. If you have used it, sign in; else register again.",
  );

const requested = (registration_id: string): EventDraft =>
  draft(authEvents, "registration.requested", { id: registration_id }, { registration_id });

/**
 * Writes down what somebody wants to register and has a mail sent. Nothing here looks at whether the address has an
 * account: answer, work and time are the same, and the mail says which of the two it is.
 */
export const register: Handler<Ops["register"], AuthDeps> = async (call, deps) => {
  const { at, body, request } = call;
  const refusal = mayRegister(deps.registration, body.email);
  if (refusal !== undefined) throw refusal;
  await admitOrigin(deps, { source: "register_source", block: "register_block" }, request.ip, at);
  await admit(deps, "register_email", accountOf(body.email), at);
  const platform = deps.table.of(PLATFORM);
  const { organization_slug: slug } = body;
  if (slug !== undefined && (await platform.get(slugItem, { slug })) !== undefined)
    throw slugTaken("organization_slug");
  const id = newId("registration", at);
  const secret = deps.randomSecret();
  const registration = {
    id,
    status: "pending",
    email: body.email,
    name: body.name,
    language: body.language ?? null,
    organization_name: body.organization_name ?? null,
    organization_slug: slug ?? null,
    secret_hash: sha256(secret),
    sealed_token: await deps.secrets.encrypt(`${id}.${secret}`, registrationTokenContext(id)),
    mails: 1,
    created_at: timestamp(at),
    expires_at: timestamp(addSeconds(at, REGISTRATION_SECONDS)),
  } as const;
  return call.commit(
    { writes: [platform.writes.create(registrationItem, registration)], events: [requested(id)] },
    { registration_id: id, message: ON_ITS_WAY },
    ANONYMOUS,
  );
};

/** Sends the mail of a registration again: the same token, a few times. */
export const resendVerification: Handler<Ops["resendVerification"], AuthDeps> = async (call, deps) => {
  const { at, path, request } = call;
  await admitOrigin(deps, { source: "register_source", block: "register_block" }, request.ip, at);
  const id = path.registration_id;
  const { writes } = deps.table.of(PLATFORM);
  const again = writes.update(
    registrationItem,
    { id },
    { add: { mails: 1 } },
    {
      equals: { status: "pending" },
      below: { mails: MAILS_PER_REGISTRATION },
      at_least: { expires_at: timestamp(at) },
    },
    (old) =>
      old?.status === "pending" && old.mails >= MAILS_PER_REGISTRATION
        ? new Problem(
            "conflict",
            `The mail was sent ${MAILS_PER_REGISTRATION} times. Look into the folder for spam, or register again.`,
          )
        : notFound(),
  );
  return call.commit(
    { writes: [again], events: [requested(id)] },
    { registration_id: id, message: ON_ITS_WAY },
    ANONYMOUS,
  );
};

/** The registration that a mailed token opens. @throws Problem `invalid_credentials` (401), `registration_closed` (403) */
async function opened(call: Call<Ops["verifyEmail" | "joinDomain" | "lookUpRegistration"]>, deps: AuthDeps) {
  const { at, body } = call;
  await admitOrigin(deps, { source: "token_source" }, call.request.ip, at);
  const [id = "", secret = ""] = body.token.split(".");
  const registration = /^rgn_\w{26}$/.test(id) ? await pendingRegistration(deps.table, id, at) : undefined;
  if (registration === undefined || registration.secret_hash !== sha256(secret)) throw invalidToken();
  const refusal = mayRegister(deps.registration, registration.email);
  if (refusal !== undefined) throw refusal;
  return registration;
}

export const verifyEmail: Handler<Ops["verifyEmail"], AuthDeps> = async (call, deps) =>
  completeRegistration(call, deps, await opened(call, deps), invalidToken);

export const joinDomain: Handler<Ops["joinDomain"], AuthDeps> = async (call, deps) =>
  joinByDomain(call, deps, await opened(call, deps), invalidToken);

/** What the page behind the link needs to know. Only who was sent the mail can ask. */
export const lookUpRegistration: Handler<Ops["lookUpRegistration"], AuthDeps> = async (call, deps) => {
  const { email, name, organization_name } = await opened(call, deps);
  const open = await openDomain(deps.table, email);
  const join = open && { organization: { id: open.organization.id, name: open.organization.name }, role: open.role };
  return { email, name, organization_name, join: join ?? null };
};
