import { personBehind } from "../../../shared/access/caller.ts";
import { draft } from "../../../shared/change/events.ts";
import { addSeconds, timestamp } from "../../../shared/clock.ts";
import { lostRace } from "../../../shared/dynamo/write.ts";
import { Problem } from "../../../shared/errors.ts";
import type { Handler } from "../../../shared/http/call.ts";
import { PLATFORM, userOrganizationItem } from "../../../shared/identity/items.ts";
import { newEtag } from "../../../shared/ids.ts";
import { requireReach } from "../../users/public.ts";
import type { AuthDeps } from "../deps.ts";
import { authEvents } from "../events.ts";
import type { operations } from "../operations.ts";
import { contextOf } from "../passwords/prove.ts";
import { openSignIn } from "../sessions/sign-in.ts";
import { admitCode, admitOrigin } from "../throttle/admit.ts";
import { openChallenge, spendChallenge, staleChallenge, tokensFor } from "./challenge.ts";
import { changeFactor, newCodes, turn } from "./enrolment.ts";
import { proveCode, wrongCode } from "./prove.ts";
import { type SecondFactor, secondFactorContext, secondFactorItem } from "./store.ts";

type Ops = typeof operations;

const ENROLMENT_SECONDS = 900;
const named = ({ id, name }: { id: string; name: string }) => ({ id, name });
const isOn = (): Problem =>
  new Problem("conflict", "The account has a second factor already. Turn it off first, to take another app.", {
    members: { state: "active" },
  });
const isOff = (): Problem =>
  new Problem("conflict", "The account has no second factor.", { members: { state: "off" } });

const factorOf = (deps: AuthDeps, user_id: string): Promise<SecondFactor | undefined> =>
  deps.table.of(PLATFORM).get(secondFactorItem, { user_id });

export const getMfa: Handler<Ops["getMfa"], AuthDeps> = async ({ caller: { user } }, deps) => {
  const factor = await factorOf(deps, user.id);
  const on = factor?.status === "active";
  return {
    enabled: on,
    enabled_at: user.mfa_enabled_at ?? null,
    recovery_codes_left: on ? factor.recovery_hashes.length : 0,
  };
};

/** A secret that counts for nothing before a code of it has come back. */
export const enrolTotp: Handler<Ops["enrolTotp"], AuthDeps> = async (call, deps) => {
  const { caller, at } = call;
  const { id: user_id, email } = caller.user;
  const { otpauthUri, secretOf } = await import("./lazy/totp.ts");
  const secret = secretOf(Buffer.from(deps.randomSecret(), "base64url"));
  const expires_at = timestamp(addSeconds(at, ENROLMENT_SECONDS));
  const factor: SecondFactor = {
    user_id,
    status: "pending",
    sealed_secret: await deps.secrets.encrypt(secret, secondFactorContext(user_id)),
    last_step: 0,
    recovery_hashes: [],
    etag: newEtag(at),
    created_at: timestamp(at),
    expires_at,
  };
  const begun = deps.table
    .of(PLATFORM)
    .writes.put(secondFactorItem, factor, { any: [{ exists: false }, { equals: { status: "pending" } }] }, isOn);
  return call.answer([begun], { secret, otpauth_uri: otpauthUri(secret, email), expires_at });
};

export const activateTotp: Handler<Ops["activateTotp"], AuthDeps> = async (call, deps) => {
  const { caller, body, at, request } = call;
  const { user, session } = caller;
  await admitCode(deps, { email: user.email, ip: request.ip, session_id: session.id }, at);
  const factor = await factorOf(deps, user.id);
  if (factor?.status === "active") throw isOn();
  if (factor?.expires_at === undefined || Date.parse(factor.expires_at) <= at.getTime())
    throw new Problem("conflict", "No second factor was begun, or too long ago. Begin with a new secret.");
  const secret = await deps.secrets.decrypt(factor.sealed_secret, secondFactorContext(user.id));
  const { stepOf } = await import("./lazy/totp.ts");
  const last_step = stepOf(secret, body.code, at);
  if (last_step === undefined) throw wrongCode();
  const { codes, hashes } = newCodes(deps, secret);
  await turn(deps, contextOf(call, user), user, {
    on: true,
    keep: session,
    writes: [changeFactor(deps, factor, { status: "active", last_step, recovery_hashes: hashes }, at)],
    event: draft(authEvents, "mfa.enabled", named(user), { user_id: user.id }),
  });
  return { recovery_codes: codes };
};

export const renewRecoveryCodes: Handler<Ops["renewRecoveryCodes"], AuthDeps> = async (call, deps) => {
  const { caller, at } = call;
  const { user, principal } = caller;
  const factor = await factorOf(deps, user.id);
  if (factor?.status !== "active") throw isOff();
  const secret = await deps.secrets.decrypt(factor.sealed_secret, secondFactorContext(user.id));
  const { codes, hashes } = newCodes(deps, secret);
  return call.commit(
    {
      writes: [changeFactor(deps, factor, { recovery_hashes: hashes }, at)],
      events: [draft(authEvents, "mfa.recovery_codes_renewed", named(user), { user_id: user.id })],
    },
    { recovery_codes: codes },
    { tenant: user.default_organization_id, actor: principal },
  );
};

export const disableMfa: Handler<Ops["disableMfa"], AuthDeps> = async (call, deps) => {
  const { user, session } = call.caller;
  const factor = await factorOf(deps, user.id);
  if (factor?.status !== "active") throw isOff();
  await turn(deps, contextOf(call, user), user, {
    on: false,
    keep: session,
    writes: [removed(deps, user.id)],
    event: draft(authEvents, "mfa.disabled", named(user), { user_id: user.id }),
  });
  return undefined;
};

const removed = (deps: AuthDeps, user_id: string) =>
  deps.table.of(PLATFORM).writes.remove(secondFactorItem, { user_id }, { equals: { status: "active" } }, lostRace);

/** So many organizations of a user are looked for: more than one is too many. */
const ONE_MORE_THAN_ONE = 2;

/**
 * For a member who has lost app and codes. An account is the person's in all their organizations, so an administrator of
 * one decides about it only where there is no other. The member is told by mail, and every session ends.
 */
export const resetMfa: Handler<Ops["resetMfa"], AuthDeps> = async (call, deps) => {
  const { caller } = call;
  const { user, membership } = await call.load();
  if (user.id === personBehind(caller.principal))
    throw new Problem("conflict", "Turn your own second factor off with `DELETE /auth/me/mfa`.");
  await requireReach(deps.table, caller, [membership.role]);
  const page = await deps.table
    .of(PLATFORM)
    .page(userOrganizationItem, { of: { user_id: user.id }, limit: ONE_MORE_THAN_ONE });
  if (page.items.some(({ organization_id }) => organization_id !== caller.organization.id))
    throw new Problem(
      "conflict",
      "The user belongs to other organizations, too, and the account is theirs as well. The platform's operator can help.",
      { members: { state: "shared_account" } },
    );
  const factor = await factorOf(deps, user.id);
  if (factor?.status !== "active") throw isOff();
  await turn(deps, call.context, user, {
    on: false,
    writes: [...call.proofs(), removed(deps, user.id)],
    event: draft(authEvents, "mfa.reset", named(user), { user_id: user.id }),
  });
  return undefined;
};

/** The second half of a sign-in: the code that the password alone was not enough for. */
export const loginMfa: Handler<Ops["loginMfa"], AuthDeps> = async (call, deps) => {
  const { at, body, request } = call;
  await admitOrigin(deps, { source: "sign_in_source", block: "sign_in_block" }, request.ip, at);
  const { challenge, user } = await openChallenge(deps, body.challenge, at);
  const { code, device_token } = body;
  return proveCode(call, deps, user, { code, device_token }, async ({ admitted, writes, events }) => {
    const provider = await tokensFor(deps, challenge);
    return openSignIn(
      call,
      deps,
      { user, provider, admitted, device_token, stale: staleChallenge },
      (opening, answer) =>
        call.commit(
          {
            writes: [spendChallenge(deps, challenge), ...writes, ...opening.writes],
            events: [...opening.events, ...events],
            largest: opening.largest + 5,
          },
          answer,
          { tenant: user.default_organization_id, actor: { type: "user", id: user.id } },
        ),
    );
  });
};
