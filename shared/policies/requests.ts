import type { Permission } from "../access/permissions.ts";
import type { OperationShape } from "../http/operation.ts";
import type { Collection, Reading, Resource, ResourceType, Target } from "../http/resource.ts";
import { type Acting, principalOf } from "./acting.ts";
import { type About, type Asked, concerns, type Denial, judge, type Shown, type Verdict } from "./judging.ts";
import type { PolicyBundle } from "./language.ts";
import { actionOf, typeOf } from "./nouns.ts";
import { type ShadowDenial, withShadow } from "./shadow.ts";

/** A request that its permission lets through, as policies are asked about it. */
export interface Request extends Acting {
  readonly operation: OperationShape;
  readonly resource: Resource | Collection;
  /** The permissions of which one lets through, the operation's own first. */
  readonly permissions: readonly [Permission, ...Permission[]];
  readonly asked: Omit<Asked, "resource_type" | "action" | "about" | "principal">;
  readonly body: unknown;
  readonly query: unknown;
  /** What the thing becomes, where the body does not say it. */
  readonly change?: object | undefined;
  readonly from: Reading<string>;
  /** The thing that the path names, read as handlers read it. */
  load(): Promise<unknown>;
}

/** What policies say of a request: why it is refused, or what it may show, and which permissions are denied for what reason. */
export interface Judgement {
  readonly denied?: Denial;
  readonly list?: Shown | undefined;
  readonly refused: ReadonlyMap<Permission, Denial>;
}

/** The same, with what policies in shadow would deny of what is allowed, by their ids. */
export interface Judged extends Judgement {
  /** It grows while records of a list are looked at, and with each permission that is asked for. */
  readonly shadow: ReadonlyMap<string, ShadowDenial>;
  /** Notes that a permission is asked for. */
  asksFor(permission: Permission): void;
}

const NOTHING = { shadow: new Map<string, ShadowDenial>(), asksFor: () => undefined };

/** Judges a request by what is enforced, and notes what would be denied if the policies in shadow were enforced, too. */
export async function judgeAll(rules: PolicyBundle, request: Request): Promise<Judged> {
  const judged = await judgeBy(rules, request);
  const watched = withShadow(rules);
  if (judged.denied !== undefined || watched === undefined) return { ...judged, ...NOTHING };
  const shadow = new Map<string, ShadowDenial>();
  const note = ({ policy: by, detail }: Denial): void => {
    const policy = rules.policies.find(({ id, status }) => id === by?.id && status === "shadow");
    if (policy !== undefined) shadow.set(policy.id, { policy, detail });
  };
  const would = await judgeBy(watched, request);
  if (would.denied !== undefined) note(would.denied);
  return {
    ...judged,
    list: listBeside(judged.list, would.list, note),
    shadow,
    asksFor(permission) {
      const denial = would.refused.get(permission);
      if (denial !== undefined) note(denial);
    },
  };
}

/** Shows of a list what is shown, and notes what would not be. */
function listBeside(enforced: Shown | undefined, would: Shown | undefined, note: (denial: Denial) => void) {
  if (would === undefined) return enforced;
  return {
    ...would,
    shows(record: unknown) {
      const shown = enforced?.shows(record) ?? true;
      if (!shown || would.shows(record)) return shown;
      const verdict = would.verdictOn(record);
      if (!verdict.allowed) note(verdict);
      return shown;
    },
  };
}

/**
 * What is said about the operation's own type of things decides, and where it lists others, what is said about these. Each permission that it asks for is judged besides, by its own noun:
 * where one of several suffices, the handler asks for those that it needs, and only who is denied all of them is refused here.
 */
async function judgeBy(bundle: PolicyBundle, request: Request): Promise<Judgement> {
  const { resource, permissions } = request;
  const { besides, lists } = request.operation;
  const [permission] = permissions;
  const asked = { ...request.asked, principal: principalOf(request) };
  const refused = new Map<Permission, Denial>();
  const verdictOn = async (type: ResourceType, action: string, about: () => Promise<About | undefined> | About) => {
    if (!concerns(bundle, type, action)) return ALLOWED;
    const found = await about();
    return found === undefined ? ALLOWED : judge(bundle, { ...asked, resource_type: type, action, about: found });
  };
  const own = () => aboutOf(request);
  let list: Judgement["list"];
  if (typeOf(permission) !== resource.type) {
    const verdict = await verdictOn(resource.type, actionOf(permission), own);
    if (!verdict.allowed) return { denied: verdict, refused };
    list = verdict.list;
  }
  for (const one of new Set([...permissions, ...besides])) {
    const type = typeOf(one);
    if (type === undefined) continue;
    const main = one === permission && type === resource.type;
    const about = main ? own : type === lists ? () => LIST : () => aboutBesides(request, type, besides.includes(one));
    const verdict = await verdictOn(type, actionOf(one), about);
    if (!verdict.allowed) refused.set(one, verdict);
    else if (main || type === lists) list = verdict.list;
  }
  if (lists !== undefined && lists !== typeOf(permission)) {
    const verdict = await verdictOn(lists, actionOf(permission), () => LIST);
    if (!verdict.allowed) return { denied: verdict, refused };
    list = verdict.list;
  }
  const denied = refused.get(permission);
  if (denied !== undefined && permissions.every((one) => refused.has(one))) return { denied, refused };
  return { list, refused };
}

const ALLOWED: Verdict = { allowed: true };

export function aboutOf(request: Request): About {
  const { operation, resource, body } = request;
  if ("create" in resource)
    return { kind: "new", body, made: async () => resource.made?.(body as never, request.from.table) };
  if ("list" in resource) return operation.method === "GET" && isPage(operation) ? LIST : SEVERAL;
  return aboutThing(request, resource);
}

/** Of a part (a context, a version) the thing is what holds it: what is sent of the part are no fields of the thing. */
const aboutThing = (request: Request, resource: Resource): About => ({
  kind: "thing",
  change: request.change ?? (changesTheThing(request.operation, resource) ? request.body : undefined),
  async subject() {
    return resource.subject?.(await request.load(), request.from);
  },
  beside: async () => resource.beside?.(await request.load()) ?? [],
});

/** What is replaced or changed at the thing's own path. */
const changesTheThing = ({ method, path }: OperationShape, resource: Resource): boolean =>
  (method === "PATCH" || method === "PUT") && path.endsWith(`/{${resource.path.at(-1)}}`) && resource.path.length === 1;

/**
 * What a permission is asked about that is not about the operation's own thing alone: that thing where it is of the noun's type, else
 * what the thing is of. Where that is of another type, undefined, since then the permission is not needed; but several things at once
 * of what the handler may ask for besides.
 */
async function aboutBesides(request: Request, type: ResourceType, besides: boolean): Promise<About | undefined> {
  const { operation, resource, body, load } = request;
  if ("read" in resource) {
    if (resource.type === type) return aboutThing(request, resource);
  } else if (resource.type === type) return "create" in resource ? { kind: "new", body } : SEVERAL;
  const target = await targetOf(resource, body, load);
  if (target === undefined) return operation.method === "GET" && !("read" in resource) ? { kind: "named" } : SEVERAL;
  return aboutTarget(request, target, type) ?? (besides ? SEVERAL : undefined);
}

const SEVERAL: About = { kind: "several" };
const LIST: About = { kind: "list" };

async function targetOf(resource: Resource | Collection, body: unknown, load: Request["load"]) {
  if ("read" in resource) return resource.target?.(await load());
  return "create" in resource ? resource.target?.(body as never) : undefined;
}

/** All that a request's thing is of, or what a list is narrowed to; none where it is of nothing. */
export async function targetsOf({ resource, body, query, load }: Request): Promise<readonly Target[]> {
  if ("list" in resource) return resource.targets?.(query as never) ?? [];
  const target = await targetOf(resource, body, load);
  const others = "read" in resource && resource.also !== undefined ? resource.also(await load()) : [];
  return target === undefined ? [] : [target, ...others];
}

export function aboutTarget(request: Request, { resource, path }: Target, type: ResourceType): About | undefined {
  if (resource.type !== type) return undefined;
  const from = { ...request.from, path };
  return {
    kind: "thing",
    async subject() {
      const thing = await resource.read(from);
      return thing === undefined ? undefined : resource.subject?.(thing, from);
    },
  };
}

/** Whether an answer is a page of records, which can be looked at one by one. */
const isPage = ({ response }: OperationShape): boolean =>
  typeof response === "object" && "shape" in response && Object.hasOwn(response.shape as object, "items");
