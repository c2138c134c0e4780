import { decodeCursor, encodeCursor, queryFingerprint } from "../../shared/dynamo/cursor.ts";
import type { Handler } from "../../shared/http/call.ts";
import { circuitItem, circuitsOf } from "./circuits/store.ts";
import type { ModelDeps } from "./deps.ts";
import { listModels, modelView } from "./model.ts";
import type { operations } from "./operations.ts";
import { providerView, withEtag } from "./providers/views.ts";
import { providerIds } from "./rules/catalogue.ts";
import { storedProviders } from "./store.ts";

export { resetCircuit } from "./circuits/handlers.ts";
export { deleteProvider, putProvider } from "./providers/handlers.ts";

type Ops = typeof operations;

export const list: Handler<Ops["list"], ModelDeps> = async ({ context, at, query }, { table }) => {
  const models = listModels(await storedProviders(table.of(context.tenant)), at).map(modelView);
  const wanted = models.filter(
    ({ provider, kind }) => provider === (query.provider ?? provider) && kind === (query.kind ?? kind),
  );
  return pageOfKnown(wanted, (model) => model.id, query, [context.tenant, "models", query.provider, query.kind]);
};

export const get: Handler<Ops["get"], ModelDeps> = async (call) => modelView(await call.load());

export const listProviders: Handler<Ops["listProviders"], ModelDeps> = async ({ context, at, query }, { table }) => {
  const tenant = table.of(context.tenant);
  const [stored, circuits] = await Promise.all([storedProviders(tenant), circuitsOf(tenant)]);
  const byName = new Map(stored.map((provider) => [provider.name, provider]));
  const fixed = providerIds.filter((id) => id !== "openai_compatible");
  const own = stored.filter(({ type }) => type === "openai_compatible").map(({ name }) => name);
  const views = [...fixed, ...own].sort().map((name) => providerView(name, byName.get(name), circuits.get(name), at));
  return pageOfKnown(views, (view) => view.name, query, [context.tenant, "providers"]);
};

export const getProvider: Handler<Ops["getProvider"], ModelDeps> = async (call, { table }) => {
  const { provider } = call.path;
  const [{ stored }, circuit] = await Promise.all([
    call.load(),
    table.of(call.context.tenant).get(circuitItem, { provider }),
  ]);
  return withEtag(providerView(provider, stored, circuit, call.at), stored);
};

/** A page of a list that is small and already in memory, under the same rules as lists of the table. */
function pageOfKnown<T>(
  all: readonly T[],
  idOf: (item: T) => string,
  query: { readonly limit: number; readonly cursor?: string | undefined },
  list: unknown,
): { items: T[]; next_cursor: string | null } {
  const fingerprint = queryFingerprint(list);
  const after = query.cursor === undefined ? undefined : decodeCursor(fingerprint, query.cursor).id;
  const rest = after === undefined ? all : all.filter((item) => idOf(item) > after);
  const items = rest.slice(0, query.limit);
  const last = items.at(-1);
  const more = rest.length > items.length && last !== undefined;
  return { items, next_cursor: more ? encodeCursor(fingerprint, { id: idOf(last) }) : null };
}
