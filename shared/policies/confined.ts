import { type Confines, mayMove, type Place, reaches } from "../access/keys/confines.ts";
import type { Permission } from "../access/permissions.ts";
import { isObject } from "../expressions/json.ts";
import type { ResourceType } from "../http/resource.ts";
import { typeHas } from "./attributes.ts";
import { actionOf, typeOf } from "./nouns.ts";
import { aboutOf, aboutTarget, type Request, targetsOf } from "./requests.ts";

/**
 * What the confines of an API key leave of a request. Asked where policies are, about the same thing, seen in the same way, so
 * that no room can forget it. Other than policies, which deny what they name, this denies whatever it cannot place (docs/adr/0093).
 */

/** A key as far as it is confined. */
export interface ConfinedKey extends Confines {
  readonly id: string;
}

export interface Within {
  /** Nothing of it is for this key. */
  readonly outside: boolean;
  readonly shows?: ((record: unknown) => boolean) | undefined;
  /** What its handler would do besides, with what is not within reach. */
  readonly refused: readonly Permission[];
}

/** Whether the request stays within what the key is confined to. */
export async function judgeConfined(key: ConfinedKey, request: Request): Promise<Within> {
  const { operation, permissions } = request;
  if (isOpen(request) || isAboutItself(key, request)) return { outside: false, refused: [] };
  const reached = await reachedBy(key, request);
  if (reached === undefined) return { outside: true, refused: [] };
  const { type, shows } = reached;
  const reachable = new Set<ResourceType | undefined>([type, ...(await reachedBesides(key, request, type))]);
  const refused = operation.besides.filter((one) => !permissions.includes(one) && !reachable.has(typeOf(one)));
  return { outside: false, shows, refused };
}

/**
 * Types of what the thing is of, where it is within reach itself: where the thing is of an environment, it says which, and that what
 * it is of is of none is no reason to refuse it.
 */
async function reachedBesides(key: ConfinedKey, request: Request, type: ResourceType): Promise<ResourceType[]> {
  if (!typeHas(type, "environment")) return [];
  const found: ResourceType[] = [];
  for (const target of await targetsOf(request)) {
    const of = target.resource.type;
    const about = aboutTarget(request, target, of);
    const thing = about?.kind === "thing" ? await about.subject() : undefined;
    if (thing !== undefined && reaches({ ...key, environments: [] }, placeOf(of, thing))) found.push(of);
  }
  return found;
}

/** Which models there are is nobody's: the rest of what an organization has as a whole is not for a key of a part of it. */
const isOpen = ({ resource, operation }: Request): boolean => resource.type === "model" && operation.method === "GET";

/** A program can always look at its own key, and give it up. */
const isAboutItself = ({ id }: ConfinedKey, { resource, from }: Request): boolean =>
  resource.type === "api_key" && "read" in resource && from.path[resource.path[0] ?? ""] === id;

interface Reached {
  readonly type: ResourceType;
  readonly shows?: Within["shows"];
}

/** The type of what is within reach, of a list with what it shows; undefined where it is outside, or nobody can tell. */
async function reachedBy(key: ConfinedKey, request: Request): Promise<Reached | undefined> {
  const { type } = request.resource;
  if (isPlaced(type)) return reachedThing(key, request, type);
  const targets = await targetsOf(request);
  for (const target of targets) {
    const of = target.resource.type;
    const about = aboutTarget(request, target, of);
    const thing = about?.kind === "thing" ? await about.subject() : undefined;
    if (thing === undefined || !reaches(key, placeOf(of, thing))) return undefined;
  }
  const [first] = targets;
  return first && { type: first.resource.type };
}

async function reachedThing(key: ConfinedKey, request: Request, type: ResourceType): Promise<Reached | undefined> {
  const about = aboutOf(request);
  switch (about.kind) {
    case "thing": {
      const thing = await about.subject();
      if (thing === undefined) return undefined;
      const before = placeOf(type, thing);
      // A copy is made where its original is.
      if (actionOf(request.permissions[0]) === "create") return mayMove(key, undefined, before) ? { type } : undefined;
      const after = isObject(about.change) ? placeOf(type, { ...thing, ...given(about.change) }) : before;
      return mayMove(key, before, after) ? { type } : undefined;
    }
    case "new": {
      // What has no name is made of a document or a template: several things at once, which may replace others.
      const made = await about.made?.();
      if (!isObject(about.body) || (made === undefined && !Object.hasOwn(about.body, "name"))) return undefined;
      return mayMove(key, undefined, placeOf(type, { ...made, ...about.body })) ? { type } : undefined;
    }
    case "list":
      return { type, shows: (record) => reaches(key, placeOf(type, record)) };
    default:
      return undefined;
  }
}

/** Fields of a change that are there: what is left out stays as it was. */
const given = (change: object): object =>
  Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined));

/** Whether things of this type are anywhere: in workspaces, or of an environment. */
const isPlaced = (type: ResourceType): boolean => typeHas(type, "workspace_ids") || typeHas(type, "environment");

/** Where a thing is, as it is shown. A workspace is in itself. */
function placeOf(type: ResourceType, thing: unknown): Place {
  const { id, workspace_ids, environment } = (isObject(thing) ? thing : {}) as Readonly<Record<string, unknown>>;
  const named = typeHas(type, "workspace_ids") && Array.isArray(workspace_ids) ? workspace_ids : [];
  const listed = type === "workspace" ? [id] : named;
  return {
    workspace_ids: listed.filter((one) => typeof one === "string"),
    environment: typeHas(type, "environment") && typeof environment === "string" ? environment : null,
  };
}
