import { readIfMatch } from "../../../shared/change/update.ts";
import type { Handler } from "../../../shared/http/call.ts";
import type { DocumentAnswer } from "../../../shared/http/operation.ts";
import type { Platform } from "../../../shared/http/platform.ts";
import * as groups from "../groups/handlers.ts";
import { SCIM_BASE } from "../model.ts";
import type { directoryOperations } from "../operations.ts";
import { deadlineOf } from "../protocol/call.ts";
import { errorMessage, scimErrorOf } from "../protocol/refusal.ts";
import { invalidSyntax, invalidValue, ScimError } from "../rules/error.ts";
import { MOST_OPERATIONS } from "../rules/schemas.ts";
import * as users from "../users/handlers.ts";
import { referencesIn, resolved, targetOf } from "./rules/references.ts";

type Bulk = (typeof directoryOperations)["bulk"];
type BulkCall = Parameters<Handler<Bulk, Platform>>[0];
type Operation = BulkCall["body"]["Operations"][number];

/** What one operation came to, in the protocol's words. */
interface Outcome {
  readonly method: string;
  readonly bulkId?: string;
  readonly location?: string;
  readonly version?: string;
  readonly status: string;
  readonly response?: object;
}

type Act = (call: never, deps: Platform) => Promise<DocumentAnswer | undefined>;

/** By method, and by whether one is meant or all. */
const acts: Readonly<Record<"Users" | "Groups", Readonly<Record<string, Act>>>> = {
  Users: {
    POST: users.createUser as Act,
    "PUT one": users.replaceUser as Act,
    "PATCH one": users.patchUser as Act,
    "DELETE one": users.deleteUser as Act,
  },
  Groups: {
    POST: groups.createGroup as Act,
    "PUT one": groups.replaceGroup as Act,
    "PATCH one": groups.patchGroup as Act,
    "DELETE one": groups.deleteGroup as Act,
  },
};

/**
 * Many changes in one request (RFC 7644, 3.7), each by itself as if it had come alone. One that refers to what another one
 * makes waits for it; what refers to something that is not made is refused. It stops after `failOnErrors` refusals.
 */
export const bulk: Handler<Bulk, Platform> = async (call, deps) => {
  const { Operations: operations, failOnErrors = Number.POSITIVE_INFINITY } = call.body;
  if (operations.length > MOST_OPERATIONS)
    throw new ScimError(413, `A request has ${MOST_OPERATIONS} operations at most; this one has ${operations.length}.`);
  const ids = new Map<string, string>();
  const outcomes = new Map<Operation, Outcome>();
  const until = deadlineOf(call);
  let refusals = 0;
  let pending = operations;
  while (pending.length > 0 && refusals < failOnErrors) {
    const ready = pending.filter((one) => referencesIn([one.data, one.path.split("/")]).every((name) => ids.has(name)));
    // Nothing that is left can be made: they wait for each other, or for what was refused.
    const next = ready.length > 0 ? ready : pending;
    for (const operation of next) {
      if (refusals >= failOnErrors) break;
      const outcome = await outcomeOf({ ...call, until }, deps, operation, ids);
      outcomes.set(operation, outcome);
      if (Number(outcome.status) >= 400) refusals++;
    }
    pending = pending.filter((one) => !outcomes.has(one) && ready.length > 0);
  }
  return {
    document: {
      schemas: ["urn:ietf:params:scim:api:messages:2.0:BulkResponse"],
      Operations: operations.flatMap((operation) => outcomes.get(operation) ?? []),
    },
  };
};

async function outcomeOf(
  call: BulkCall & { readonly until: number },
  deps: Platform,
  operation: Operation,
  ids: Map<string, string>,
): Promise<Outcome> {
  const { bulkId, version } = operation;
  const method = operation.method.toUpperCase();
  const named = { method, ...(bulkId === undefined ? {} : { bulkId }) };
  try {
    if (performance.now() > call.until)
      throw new ScimError(503, "The request took too long to come to this operation. Send it again.");
    const missing = referencesIn([operation.data, operation.path.split("/")]).find((name) => !ids.has(name));
    if (missing !== undefined) throw invalidValue(`Nothing was made with the bulkId ${JSON.stringify(missing)}.`);
    const target = targetOf(operation.path);
    const id = resolved(target?.id, ids);
    const act = target && acts[target.type][target.id === undefined ? method : `${method} one`];
    if (act === undefined) throw invalidSyntax(`${method} ${operation.path} is no operation of a bulk.`);
    if (method === "POST" && bulkId === undefined) throw invalidSyntax("An operation POST has a bulkId.");
    const answer = await act(
      {
        ...call,
        path: { user_id: id, team_id: id },
        query: {},
        body: resolved(operation.data ?? {}, ids),
        if_match: readIfMatch(version),
      } as never,
      deps,
    );
    const { location = `${call.origin}${SCIM_BASE}/${target?.type}/${id}`, etag } = answer?.headers ?? {};
    if (method === "POST" && bulkId !== undefined) ids.set(bulkId, location.slice(location.lastIndexOf("/") + 1));
    const status = method === "POST" ? "201" : answer === undefined || answer.document === null ? "204" : "200";
    return { ...named, location, ...(etag === undefined ? {} : { version: etag }), status };
  } catch (error) {
    const refusal = scimErrorOf(error);
    if (refusal.status >= 500 && !(error instanceof ScimError))
      deps.log.error("request.failed", error, { request_id: call.request.id, operation: "scim.bulk" });
    const location = method === "POST" ? {} : { location: `${call.origin}${SCIM_BASE}${operation.path}` };
    return { ...named, ...location, status: String(refusal.status), response: errorMessage(refusal) };
  }
}
