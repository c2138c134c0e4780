import * as z from "zod";
import type { Call, Handler } from "../../../shared/http/call.ts";
import { operation } from "../../../shared/http/operation.ts";
import { defineResource } from "../../../shared/http/resource.ts";

/**
 * What the compiler refuses of an operation and its handler. Checked by `tsc`: an expected error that does not come is
 * an error itself. Nothing of this runs.
 */

const thing = defineResource({
  type: "agent",
  path: ["thing_id"],
  read: async () => ({ id: "x", size: 1 }),
});
const part = defineResource({ type: "agent", path: ["thing_id", "part_id"], read: async () => ({ part: true }) });
const path = z.object({ thing_id: z.string() });
const common = { summary: "", response: z.object({ size: z.number() }), success: 200, errors: [] } as const;
const get = { ...common, id: "things.get", method: "GET", path: "/things/{thing_id}", request: { path } } as const;

const good = operation({ ...get, permission: "agents:read", resource: thing });
const list = operation({
  ...common,
  id: "things.list",
  method: "GET",
  path: "/things",
  request: { query: z.strictObject({ limit: z.number() }) },
  permission: "agents:read",
  resource: { type: "agent", list: true },
});
const own = operation({ ...get, permission: "authenticated" });
const open = operation({ ...get, permission: "public" });

const openFile = { ...get, permission: "public", response: "file" } as const;
const file = operation({ ...openFile, media_types: ["text/csv"] });
// @ts-expect-error a file's content types are named
operation({ ...openFile });
// @ts-expect-error nothing but a file has content types of its own
operation({ ...get, permission: "public", media_types: ["text/csv"] });
export const csv: Handler<typeof file, object> = async () => ({ content_type: "text/csv", content: "" });
// @ts-expect-error a file has one of the types that its operation names
export const html: Handler<typeof file, object> = async () => ({ content_type: "text/html", content: "" });

operation({ ...get, permission: "agents:read", resource: thing, step_up: 10 });
operation({ ...get, permission: "authenticated", step_up: 10 });
// @ts-expect-error nobody who is not known can have proved anything
operation({ ...get, permission: "public", step_up: 10 });

// @ts-expect-error an operation says who may call it
operation({ ...get, resource: thing });
// @ts-expect-error a permission is one of the catalogue
operation({ ...get, permission: "agents:fly", resource: thing });
// @ts-expect-error an operation that needs a permission says on what
operation({ ...get, permission: "agents:read" });
// @ts-expect-error the thing is found by what the path has
operation({ ...get, permission: "agents:read", resource: part });
// @ts-expect-error a collection is of a known type
operation({ ...get, permission: "agents:read", resource: { type: "things", list: true } });
// @ts-expect-error without a permission there is no active organization to find a thing in
operation({ ...get, permission: "authenticated", resource: thing });
// @ts-expect-error the same for everybody
operation({ ...get, permission: "public", resource: thing });
// @ts-expect-error every parameter of the path has a schema
operation({ ...get, permission: "agents:read", resource: thing, request: {} });
operation({
  ...get,
  permission: "agents:read",
  resource: thing,
  // @ts-expect-error and by its name
  request: { path: z.object({ id: z.string() }) },
});
operation({
  ...get,
  permission: "agents:read",
  resource: thing,
  // @ts-expect-error what reads takes no body
  request: { path, body: z.strictObject({}) },
});
// @ts-expect-error a refusal has a code of the closed list
operation({ ...get, permission: "agents:read", resource: thing, errors: ["no_luck"] });
// @ts-expect-error a path begins at the base
operation({ ...get, path: "things/{thing_id}", permission: "agents:read", resource: thing });
// @ts-expect-error a success is one of those that clients are told of
operation({ ...get, permission: "agents:read", resource: thing, success: 203 });

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const holds = <T extends true>(): T | undefined => undefined;

holds<Equal<Awaited<ReturnType<Call<typeof good>["load"]>>, { id: string; size: number }>>();
holds<Equal<Awaited<ReturnType<Call<typeof list>["load"]>>, never>>();
holds<Equal<Call<typeof good>["path"], { thing_id: string }>>();
holds<Equal<Call<typeof open>["caller"], null>>();
holds<Equal<Call<typeof list>["query"]["limit"], number>>();
holds<Equal<Call<typeof list>["body"], undefined>>();

export const typed: Handler<typeof good, object> = async (call) => call.load();
// @ts-expect-error an answer has what the response declares
export const wrong: Handler<typeof good, object> = async () => ({ size: "large" });
// @ts-expect-error also when a member is missing
export const missing: Handler<typeof good, object> = async () => ({});
// @ts-expect-error a handler of an organization's operation sees no user: an API key has none
export const person: Handler<typeof good, object> = async ({ caller }) => ({ size: caller.user.name.length });
// @ts-expect-error nor a session
export const session: Handler<typeof good, object> = async ({ caller }) => ({ size: caller.session.id.length });
// @ts-expect-error nor a membership
export const member: Handler<typeof good, object> = async ({ caller }) => ({ size: caller.membership.role.length });
export const self: Handler<typeof own, object> = async ({ caller }) => ({ size: caller.user.name.length });
