import { addSeconds, timestamp } from "../../../shared/clock.ts";
import type { TenantTable } from "../../../shared/dynamo/table.ts";
import type { Write } from "../../../shared/dynamo/write.ts";
import { Problem } from "../../../shared/errors.ts";
import { PLATFORM } from "../../../shared/identity/items.ts";
import type { AuthDeps } from "../deps.ts";
import {
  type AllowanceName,
  accountOf,
  allowances,
  backOffSeconds,
  FREE_ATTEMPTS,
  originOf,
  PLACE_KNOWN_SECONDS,
  placeOf,
} from "./model.ts";
import { type Attempts, attemptsItem, knownPlaceItem, throttleItem } from "./store.ts";

type ThrottleDeps = Pick<AuthDeps, "table" | "origin_factor">;

const ATTEMPTS_KEPT_SECONDS = 86_400;

const refused = (detail: string, seconds: number): Problem =>
  new Problem("rate_limited", detail, { headers: { "retry-after": String(Math.max(1, Math.ceil(seconds))) } });

/** After a lost answer it is counted again: an attempt too many is no harm, an uncounted one is. */
const counted = (write: Write): Write => ({ ...write, lost: "decide" });

/**
 * Counts one use of an allowance for a subject. Count and check are one conditional write, so parallel requests do not
 * exceed it.
 * @throws Problem `rate_limited` with Retry-After
 */
export async function admit(deps: ThrottleDeps, name: AllowanceName, subject: string, now: Date): Promise<void> {
  const { limit, window_seconds, by_origin } = allowances[name];
  const most = by_origin ? limit * deps.origin_factor : limit;
  const began = Math.floor(now.getTime() / 1000 / window_seconds) * window_seconds;
  const ends = new Date((began + window_seconds) * 1000);
  const key = { subject: `${name}:${subject}`, window: timestamp(new Date(began * 1000)) };
  const platform = deps.table.of(PLATFORM);
  const count = platform.writes.update(
    throttleItem,
    key,
    { set: { ...key, expires_at: timestamp(addSeconds(ends, window_seconds)) }, add: { count: 1 } },
    { any: [{ absent: ["count"] }, { below: { count: most } }] },
    () => refused("Too many attempts. Wait and try again.", (ends.getTime() - now.getTime()) / 1000),
  );
  await platform.apply(throttleItem, counted(count));
}

/** Counts one request by its source, and by its block where the table says so. */
export async function admitOrigin(
  deps: ThrottleDeps,
  names: { source: AllowanceName; block?: AllowanceName },
  ip: string,
  now: Date,
): Promise<void> {
  const { source, block } = originOf(ip);
  await admit(deps, names.source, source, now);
  if (names.block !== undefined) await admit(deps, names.block, block, now);
}

/** Where somebody tries a password from, and what they bring along that the account may know. */
export interface Attempt {
  readonly email: string;
  readonly ip: string;
  /** From an earlier sign-in on the same device. */
  readonly device_token?: string | undefined;
  /** The live session by which the account is known already. */
  readonly session_id?: string | undefined;
}

/** An attempt that was let in: the writes that a success makes. */
export interface Admitted {
  /** The device is one from which the account has signed in. */
  readonly device_known: boolean;
  /** Forgets the attempts from this place, and knows it from now on. */
  succeeded(device_token?: string): Write[];
}

/**
 * Lets one attempt at an account's password in, or refuses it until its back-off has passed. Attempts are counted by
 * the pair of account and place: a device or a source that the account knows, or else the source. Attempts from places
 * that it does not know share an allowance, so that guessing from many sources ends; what is spent there is nothing to
 * those who come from a known place. Known and unknown accounts do the same work.
 */
export async function admitAttempt(deps: ThrottleDeps, attempt: Attempt, now: Date): Promise<Admitted> {
  const platform = deps.table.of(PLATFORM);
  const account = accountOf(attempt.email);
  await admitOrigin(deps, { source: "sign_in_source", block: "sign_in_block" }, attempt.ip, now);
  const source = placeOf("source", account, originOf(attempt.ip).source);
  const device = placeOf("device", account, attempt.device_token ?? "");
  const [knownDevice, knownSource] = await deps.table.batch([
    platform.read(knownPlaceItem, { account, place: device }),
    platform.read(knownPlaceItem, { account, place: source }),
  ]);
  const known = (place: typeof knownDevice) => place !== undefined && Date.parse(place.expires_at) > now.getTime();
  const device_known = known(knownDevice);
  const session = attempt.session_id;
  const place = session !== undefined ? placeOf("session", account, session) : device_known ? device : source;
  await backOff(platform, { account, place }, now);
  if (session === undefined && !device_known && !known(knownSource))
    await admit(deps, "sign_in_strangers", account, now);
  return {
    device_known,
    succeeded: (device_token) => [
      platform.writes.remove(attemptsItem, { account, place }, {}),
      ...knownFromNow(platform, { ...attempt, device_token }, now),
    ],
  };
}

/**
 * Lets one code of an account's second factor in, or refuses it until its back-off has passed. Codes have six digits, so
 * guesses are counted for the whole account, whatever source they come from; only a device that the account knows, and a
 * live session, have a count of their own, so that whoever has the password locks nobody out there.
 */
export async function admitCode(deps: ThrottleDeps, attempt: Attempt, now: Date): Promise<Admitted> {
  const platform = deps.table.of(PLATFORM);
  const account = accountOf(attempt.email);
  const source = placeOf("source", account, originOf(attempt.ip).source);
  const device = placeOf("device", account, attempt.device_token ?? "");
  const known = await platform.get(knownPlaceItem, { account, place: device });
  const device_known = known !== undefined && Date.parse(known.expires_at) > now.getTime();
  const from = attempt.session_id ?? (device_known ? device : "elsewhere");
  const place = placeOf("code", account, from);
  await backOff(platform, { account, place }, now);
  return {
    device_known,
    succeeded: (device_token) => [
      platform.writes.remove(attemptsItem, { account, place }, {}),
      ...(attempt.session_id === undefined
        ? [
            // The password's own count: it was right, which only the code has shown to be its owner's doing.
            platform.writes.remove(attemptsItem, { account, place: device_known ? device : source }, {}),
            ...knownFromNow(platform, { ...attempt, device_token }, now),
          ]
        : []),
    ],
  };
}

/** The writes by which an account knows where it was signed in from, or has proved itself by mail. */
export function knownFromNow(platform: TenantTable, { email, ip, device_token }: Attempt, now: Date): Write[] {
  const account = accountOf(email);
  const expires_at = timestamp(addSeconds(now, PLACE_KNOWN_SECONDS));
  const places = [
    placeOf("source", account, originOf(ip).source),
    ...(device_token === undefined ? [] : [placeOf("device", account, device_token)]),
  ];
  return places.map((place) => platform.writes.put(knownPlaceItem, { account, place, expires_at }));
}

/**
 * Admits one attempt of a pair. Each admission is one conditional write: parallel guesses get no more than serial ones.
 * Attempts whose time is over count as none, though DynamoDB may delete them days later.
 */
async function backOff(platform: TenantTable, key: { account: string; place: string }, now: Date): Promise<void> {
  const kept = { ...key, expires_at: timestamp(addSeconds(now, ATTEMPTS_KEPT_SECONDS)) };
  let before: Attempts | undefined;
  const free = platform.writes.update(
    attemptsItem,
    key,
    { set: kept, add: { attempts: 1 } },
    {
      any: [{ absent: ["attempts"] }, { below: { attempts: FREE_ATTEMPTS }, at_least: { expires_at: timestamp(now) } }],
    },
    (old) => {
      before = old;
      return waiting(old?.locked_until, now);
    },
  );
  try {
    return void (await platform.apply(attemptsItem, counted(free)));
  } catch (error) {
    if (!(error instanceof Problem) || error.code !== "rate_limited") throw error;
  }
  const over = before === undefined || before.expires_at < timestamp(now);
  const admission = over
    ? platform.writes.put(
        attemptsItem,
        { ...kept, attempts: 1 },
        { any: [{ absent: ["attempts"] }, { below: { expires_at: timestamp(now) } }] },
        (old) => waiting(old?.locked_until, now),
      )
    : afterPause(platform, kept, before?.attempts ?? 0, now);
  await platform.apply(attemptsItem, counted(admission));
}

/** The write of an attempt beyond the free ones: refused until the pause after the last one has passed. */
function afterPause(platform: TenantTable, kept: Omit<Attempts, "attempts">, attempts: number, now: Date): Write {
  const { account, place } = kept;
  const locked_until = timestamp(addSeconds(now, backOffSeconds(attempts)));
  const free = {
    equals: { attempts },
    any: [{ absent: ["locked_until"] }, { below: { locked_until: timestamp(now) } }],
  };
  return platform.writes.update(
    attemptsItem,
    { account, place },
    { set: { ...kept, locked_until }, add: { attempts: 1 } },
    free,
    (old) => waiting(old?.locked_until, now),
  );
}

function waiting(lockedUntil: string | undefined, now: Date): Problem {
  const seconds = lockedUntil === undefined ? 1 : (Date.parse(lockedUntil) - now.getTime()) / 1000;
  return refused("Too many attempts at this account from here. Wait and try again.", seconds);
}
