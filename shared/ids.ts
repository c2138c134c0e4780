import { createHash } from "node:crypto";
import * as z from "zod";
import { takeRandom } from "./random.ts";

const CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/** Every kind of id the product hands out. The prefix tells a reader, and a log search, what an id names. */
export const idPrefixes = {
  ownership_transfer: "otr",
  operator_access: "opa",
  organization: "org",
  domain: "dom",
  user: "usr",
  team: "tem",
  workspace: "wsp",
  session: "ses",
  role: "rol",
  agent: "agt",
  agent_version: "agv",
  agent_context: "ctx",
  agent_tool: "tol",
  execution: "exe",
  provider_key: "pky",
  pipeline: "pip",
  run: "run",
  run_log: "log",
  thread: "thr",
  approval: "apr",
  policy: "pol",
  upload: "upl",
  schedule: "sch",
  schedule_firing: "fir",
  suite: "sui",
  suite_case: "cas",
  suite_run: "sur",
  gateway: "gtw",
  deployment: "dep",
  deployment_key: "dky",
  served_call: "svc",
  promotion_rule: "prr",
  promotion: "prm",
  webhook: "whk",
  delivery: "dlv",
  webhook_replay: "rpl",
  event: "evt",
  audit: "aud",
  audit_copy: "acp",
  legal_hold: "hld",
  audit_stream: "ast",
  usage: "usg",
  request: "req",
  password_reset: "pwr",
  mfa_challenge: "mfc",
  email_change: "emc",
  registration: "rgn",
  invitation: "inv",
  sso_connection: "sso",
  sso_identity: "ssi",
  sso_sign_in: "ssn",
  scim_token: "sct",
  api_key: "key",
  service_account: "sva",
} as const;

export type IdKind = keyof typeof idPrefixes;

/** Random bytes of one id; only five bits of each are used. */
const ID_BYTES = 16;

/**
 * A new prefixed id: `agt_` and 26 Crockford base-32 characters (48 bits of time in milliseconds, 80 bits of randomness).
 * Ids of one kind sort by creation time.
 */
export function newId(kind: IdKind, now: Date): string {
  let time = now.getTime();
  let head = "";
  for (let i = 0; i < 10; i++) {
    head = CROCKFORD.charAt(time % 32) + head;
    time = Math.floor(time / 32);
  }
  let tail = "";
  for (const byte of takeRandom(ID_BYTES)) tail += CROCKFORD.charAt(byte & 31);
  return `${idPrefixes[kind]}_${head}${tail}`;
}

/** A new entity tag: random, and different for every write of an entity. */
export const newEtag = (now: Date): string => newId("event", now).slice(idPrefixes.event.length + 1);

/** The id that sorts before every id of this kind made at or after `from`: the lower bound of a time range. */
export function firstIdAt(kind: IdKind, from: Date): string {
  return `${newId(kind, from).slice(0, idPrefixes[kind].length + 1 + 10)}${"0".repeat(16)}`;
}

/**
 * An id that follows from its parts: who makes it twice makes the same one. It sorts by `at`, which must be one of the
 * facts that stay the same when the work is repeated.
 */
export function derivedId(kind: IdKind, at: Date, parts: readonly string[]): string {
  const digest = createHash("sha256")
    .update(JSON.stringify([kind, ...parts]))
    .digest();
  let tail = "";
  for (const byte of digest.subarray(0, 16)) tail += CROCKFORD.charAt(byte & 31);
  return `${firstIdAt(kind, at).slice(0, idPrefixes[kind].length + 1 + 10)}${tail}`;
}

/** The time at which an id was made: its first ten characters, in milliseconds. */
export function timeOfId(id: string): Date {
  let time = 0;
  for (const character of id.slice(id.lastIndexOf("_") + 1).slice(0, 10))
    time = time * 32 + CROCKFORD.indexOf(character);
  return new Date(time);
}

/** Schema of an id of one kind; anything else is a validation issue, never a look-up. Made once: there are hundreds of uses. */
export const idSchema = (kind: IdKind) => {
  const known = idSchemas.get(kind) ?? newIdSchema(kind);
  idSchemas.set(kind, known);
  return known;
};

const newIdSchema = (kind: IdKind) =>
  z
    .string()
    .regex(new RegExp(`^${idPrefixes[kind]}_[0-9A-HJKMNP-TV-Z]{26}$`), `must be an id like ${idPrefixes[kind]}_01J…`)
    .meta({ example: `${idPrefixes[kind]}_01JDQ4X0Z5V8W3N7K2M9R6T1BC` });

const idSchemas = new Map<IdKind, ReturnType<typeof newIdSchema>>();
