import type { Authentication } from "../access/authenticate.ts";
import { rulesOf } from "../access/bundle.ts";
import { userIdOf } from "../access/caller.ts";
import type { Rights } from "../access/grants.ts";
import { isConfined } from "../access/keys/confines.ts";
import { levelOf } from "../access/levels.ts";
import type { Permission } from "../access/permissions.ts";
import type { RequestFacts } from "../change/items.ts";
import { Problem } from "../errors.ts";
import { PLATFORM, userItem } from "../identity/items.ts";
import { OWNER } from "../identity/owners.ts";
import { readTeamIds } from "../identity/team-tree.ts";
import type { ConfinedKey, Within } from "../policies/confined.ts";
import type { Denial } from "../policies/judging.ts";
import type { Judged, Request } from "../policies/requests.ts";
import type { ShadowDenial } from "../policies/shadow.ts";
import type { OperationShape } from "./operation.ts";
import { permissionsOf } from "./permit.ts";
import type { Platform } from "./platform.ts";

/** A request that its permission lets through. */
export interface Permitted {
  readonly platform: Platform;
  readonly operation: OperationShape;
  readonly who: Pick<Authentication, "session">;
  readonly rights: Rights;
  readonly facts: RequestFacts;
  readonly at: Date;
  readonly body: unknown;
  readonly query: unknown;
  /** What the thing becomes, where the body does not say it. */
  readonly change?: object | undefined;
  /** The thing that the path names, read as handlers read it. */
  load(): Promise<unknown>;
  readonly path: Readonly<Record<string, string | number>>;
}

/** What of a list may be shown; undefined: all of it. */
export type Shows = ((record: unknown) => boolean) | undefined;

/** What policies leave of a request. */
export interface Left {
  readonly shows: Shows;
  /** What the caller may not do, though their role grants it, and why: their handlers ask (`call.may`). */
  readonly refused: ReadonlyMap<Permission, Problem>;
  /** What policies in shadow would have denied; it grows while records of a list are looked at, and with what is asked for. */
  readonly shadow: ReadonlyMap<string, ShadowDenial>;
  asksFor(permission: Permission): void;
}

const EVERYTHING: Left = { shows: undefined, refused: new Map(), shadow: new Map(), asksFor: () => undefined };

/**
 * Asks the organization's policies about a request. An organization without any costs nothing: its own record, which every
 * request has read, says so (docs/adr/0088). What the engine is made of is loaded when the first policy is asked.
 * The same of what an API key is confined to, which the key itself says.
 * @throws Problem `policy_denied`, `key_confined`
 */
export async function judged(permitted: Permitted): Promise<Left> {
  const { platform, operation, rights, path, at } = permitted;
  const [permission, ...or] = permissionsOf(operation);
  const { resource } = operation;
  if (permission === undefined || resource === undefined) return EVERYTHING;
  const { policies } = await rulesOf(platform.table, rights.caller.organization);
  const asks = policies !== undefined && !keepsTheKey(operation, rights);
  const key = rights.by === "api_key" && isConfined(rights.key) ? rights.key : undefined;
  if (!asks && key === undefined) return EVERYTHING;
  const { judgeAll, judgeConfined } = await import("../policies/lazy/policies.ts");
  const { caller } = rights;
  const request: Request = {
    ...permitted,
    resource,
    permissions: [permission, ...or],
    asked: askedOf(permitted),
    acts_for: ownerOf(rights),
    levelOf,
    from: { table: platform.table.of(caller.organization.id), path, caller, at, fresh: false },
  };
  // What is no business of a key is not told what policies say of it.
  const confined = key === undefined ? EVERYTHING : leftWithin(key, await judgeConfined(key, request));
  return asks ? both(confined, leftBy(await judgeAll(policies, request))) : confined;
}

function leftBy({ denied, list, refused, shadow, asksFor }: Judged): Left {
  if (denied !== undefined) throw policyDenied(denied);
  return {
    shows: list && ((record) => list.shows(record)),
    refused: new Map([...refused].map(([one, why]) => [one, policyDenied(why)])),
    shadow,
    asksFor,
  };
}

function leftWithin(key: ConfinedKey, { outside, shows, refused }: Within): Left {
  if (outside) throw keyConfined(key);
  return { ...EVERYTHING, shows, refused: new Map(refused.map((one) => [one, keyConfined(key)])) };
}

/** What both leave. Policies look at what the key reaches, and at nothing else. */
const both = (confined: Left, left: Left): Left => ({
  ...left,
  shows:
    confined.shows === undefined || left.shows === undefined
      ? (confined.shows ?? left.shows)
      : (record) => confined.shows?.(record) === true && left.shows?.(record) === true,
  refused: new Map([...left.refused, ...confined.refused]),
});

/** Owners can always put policies right: no policy locks the organization out of its policies. */
const keepsTheKey = ({ resource }: OperationShape, rights: Rights): boolean =>
  resource?.type === "policy" && rights.by === "membership" && rights.membership.role === OWNER;

const keyConfined = ({ workspace_ids, environments }: ConfinedKey): Problem =>
  new Problem(
    "key_confined",
    "This API key is confined to workspaces or environments, and this is outside of them, or reaches beyond.",
    { members: { workspace_ids, environments } },
  );

const policyDenied = ({ policy, detail, conditions }: Denial): Problem =>
  new Problem("policy_denied", detail, { members: { policy: policy ?? null, conditions } });

/** Refusals that come from here. */
export const isJudgement = (error: unknown): error is Problem =>
  error instanceof Problem && (error.code === "policy_denied" || error.code === "key_confined");

/** Which policy it was, as the trail says it; or that the key is confined. */
export function reasonOf({ code, options: { members } }: Problem): string {
  if (code === "key_confined") return "confined API key";
  const policy = members?.policy as { readonly id: string; readonly name: string } | null | undefined;
  return policy ? `policy ${policy.id}` : "policy";
}

/** What all verdicts on a request have in common; what takes a read is read once. */
function askedOf(permitted: Permitted): Request["asked"] {
  const { platform, operation, rights, facts, at } = permitted;
  const tenant = platform.table.of(rights.caller.organization.id);
  // A key acts for its owner: what policies say of a member's teams holds for what the member's keys do.
  const user_id = userIdOf(rights.caller.principal);
  const member = user_id ?? ownerOf(rights);
  return {
    email: once(async () => {
      if (user_id === undefined) return undefined;
      return (await platform.table.of(PLATFORM).get(userItem, { id: user_id }))?.email;
    }),
    teams: once(async () => (member === undefined ? [] : readTeamIds(tenant, member))),
    context: { ip: facts.ip, user_agent: facts.user_agent, method: methodOf(facts), operation: operation.id },
    at,
  };
}

function once<T>(read: () => Promise<T>): () => Promise<T> {
  let found: Promise<T> | undefined;
  return () => {
    found ??= read();
    return found;
  };
}

/** The member for whom a key acts; undefined for a service account's, and for what is no key. */
const ownerOf = (rights: Rights): string | undefined =>
  rights.by === "api_key" && rights.key.owner_type === "user" ? rights.key.owner_id : undefined;

/** HEAD is GET without the body, and is judged like it. */
const methodOf = ({ method }: RequestFacts): string => (method === "HEAD" ? "GET" : method);
