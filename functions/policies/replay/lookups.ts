import { apiKeyItem } from "../../../shared/access/keys/items.ts";
import { ownerRead } from "../../../shared/access/keys/rights.ts";
import type { Table } from "../../../shared/dynamo/table.ts";
import type { Call } from "../../../shared/http/call.ts";
import { readTeamIds } from "../../../shared/identity/team-tree.ts";
import type { PrincipalFacts } from "../../../shared/policies/language.ts";
import { whoIs } from "../rules/trial.ts";
import { memberOf } from "../trials/loading.ts";
import { loadableOf } from "../trials/resources.ts";
import type { replayOperations } from "./operations.ts";
import type { Recorded } from "./rules/recorded.ts";

/** A thing as it is now, as policies see it. */
export interface Thing {
  readonly type: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** Members, keys and things of a replay as they are now: each is read once. */
export class Lookups {
  readonly #table: Table;
  readonly #call: Call<(typeof replayOperations)["replay"]>;
  readonly #principals = new Map<string, Promise<PrincipalFacts | undefined>>();
  readonly #things = new Map<string, Promise<Thing | undefined>>();

  constructor(table: Table, call: Call<(typeof replayOperations)["replay"]>) {
    this.#table = table;
    this.#call = call;
  }

  /** Whoever acted; undefined for who is no member any more, and whose keys. */
  principal({ type, id }: Recorded["actor"]): Promise<PrincipalFacts | undefined> {
    return once(this.#principals, id, () => (type === "api_key" ? this.#key(id) : this.#member(id)));
  }

  /** The first of these that is of a type that policies look at; undefined where there is none. */
  async thing(ids: readonly string[]): Promise<Thing | undefined> {
    const id = ids.find((one) => loadableOf(one) !== undefined);
    return id === undefined ? undefined : once(this.#things, id, () => this.#thing(id));
  }

  get #tenant() {
    return this.#table.of(this.#call.caller.organization.id);
  }

  async #member(user_id: string): Promise<PrincipalFacts | undefined> {
    const member = await memberOf(this.#table, this.#call.caller.organization.id, user_id);
    return member === undefined || member.status === "removed" ? undefined : whoIs(member.facts);
  }

  async #key(id: string): Promise<PrincipalFacts | undefined> {
    const key = await this.#tenant.get(apiKeyItem, { id });
    if (key === undefined) return undefined;
    const { owner_type, owner_id, scopes } = key;
    const [owner] = await this.#table.batch([ownerRead(this.#tenant, { type: owner_type, id: owner_id })]);
    if (owner === undefined || owner.status === "removed") return undefined;
    const acts_for = owner_type === "user" ? owner_id : undefined;
    const teams = acts_for === undefined ? [] : await readTeamIds(this.#tenant, acts_for);
    const { role } = owner;
    return whoIs({ kind: "api_key", id, api_key_id: id, scopes, role, acts_for, teams });
  }

  async #thing(id: string): Promise<Thing | undefined> {
    const loadable = loadableOf(id);
    if (loadable === undefined) return undefined;
    const { caller, at } = this.#call;
    const { resource, path } = loadable;
    const from = { table: this.#tenant, path, caller, at, fresh: false };
    const thing = await resource.read(from);
    return thing === undefined
      ? undefined
      : { type: resource.type, fields: (await resource.subject?.(thing, from)) ?? {} };
  }
}

function once<T>(known: Map<string, Promise<T>>, id: string, read: () => Promise<T>): Promise<T> {
  let found = known.get(id);
  if (found === undefined) {
    found = read();
    known.set(id, found);
  }
  return found;
}
