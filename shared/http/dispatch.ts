import type { Also, Authentication } from "../access/authenticate.ts";
import { decide } from "../access/decide.ts";
import { authenticateDirectory } from "../access/directory.ts";
import { refusalAtTheDoor } from "../access/doors.ts";
import { type Rights, rightsStand } from "../access/grants.ts";
import { accessProofs, recordUse } from "../access/operator-access.ts";
import { operatorStands, requireOperator } from "../access/operators.ts";
import type { Principal } from "../access/principal.ts";
import { type ChangeContext, type ChangeSet, changeWrites } from "../change/commit.ts";
import type { RequestFacts } from "../change/items.ts";
import { readIfMatch } from "../change/update.ts";
import type { Write } from "../dynamo/write.ts";
import { notFound, Problem } from "../errors.ts";
import { PLATFORM } from "../identity/items.ts";
import { newId } from "../ids.ts";
import { type RateState, rateHeaders } from "../limits/rate.ts";
import { AUDIT_DAYS, retentionOf } from "../limits/retention.ts";
import { cutText } from "../text.ts";
import { type Answer, problemAnswer, render, toProblem } from "./answer.ts";
import type { Call, Handlers } from "./call.ts";
import { claimOf, type IdempotencyRecord, isRepeatable } from "./idempotency.ts";
import type { OperationShape } from "./operation.ts";
import { parseInput, type RawRequest } from "./parse.ts";
import { actsInOrganization, permissionOf, recordDenial, requirePermission } from "./permit.ts";
import type { Platform } from "./platform.ts";
import { createRates } from "./rates.ts";
import { createRouter } from "./router.ts";
import { requireFreshProof } from "./step-up.ts";

/** The answer to a request that failed. */
export type Refuse = (error: unknown, request_id: string) => Answer;

const asProblem: Refuse = (error, request_id) => problemAnswer(toProblem(error), request_id);

type AnyHandler = (call: Call<OperationShape>, deps: unknown) => Promise<unknown>;

/**
 * Answers requests to these operations, each in the same order: authenticate, load live rights, count against the
 * limits of caller and organization (of the address, where nobody is known), check the permission, ask for a fresh proof where the operation does, parse, look for an earlier answer to the idempotency key, handle, render.
 * Every failure leaves as a problem document, or as another protocol has it.
 * @param refuse how a failure leaves, that of an unknown path too
 */
export function createDispatcher<T extends Readonly<Record<string, OperationShape>>, D>(
  operations: T,
  handlers: Handlers<T, D>,
  platform: Platform,
  deps: D,
  refuse: Refuse = asProblem,
): (request: RawRequest) => Promise<Answer> {
  const route = createRouter(Object.values(operations));
  const byId = new Map(
    Object.entries(operations).map(([name, operation]) => [operation.id, handlers[name] as AnyHandler | undefined]),
  );

  const rates = createRates(platform);
  /** Who calls; null where nobody is asked, the refusal where the credential is none. */
  const identify = async (operation: OperationShape, request: RawRequest, at: Date) => {
    if (operation.permission === "public") return null;
    try {
      if (operation.permission === "directory") return await authenticateDirectory(platform.table, request, at);
      // The key's earlier answer is looked for in the same read, where the organization is known before it.
      const also: Also | undefined = isRepeatable(operation, request)
        ? (tenant, principal) =>
            claimOf(platform, operation, request, { tenant: keeperOf(operation, tenant), principal, at })?.read
        : undefined;
      return await platform.authenticate(request, at, {
        also,
        person: permissionOf(operation) === undefined,
        operator: operation.permission === "operator",
      });
    } catch (error) {
      if (error instanceof Problem && error.code === "unauthenticated") return error;
      throw error;
    }
  };

  return async (request) => {
    const started = performance.now();
    const at = platform.clock.now();
    const facts: RequestFacts = {
      id: newId("request", at),
      method: request.method,
      path: cutText(request.path, 500),
      ip: request.ip,
      user_agent: cutText(request.headers["user-agent"] ?? "", 300),
    };
    let operation: OperationShape | undefined;
    let rate: RateState | undefined;
    let answer: Answer;
    try {
      const match = route(request.method, request.path);
      if (!match.found) {
        rate = await rates.address(request, at);
        throw match.allow.length === 0 ? notFound(match.detail) : methodNotAllowed(match.allow);
      }
      operation = match.operation;
      const handler = byId.get(operation.id);
      if (handler === undefined) throw new Error(`${operation.id} has no handler`);
      const who = await identify(operation, request, at);
      rate =
        who instanceof Problem || who === null
          ? await rates.address(request, at)
          : await rates.caller(who, operation, at);
      if (who instanceof Problem) throw who;
      answer = await respond({
        platform,
        operation,
        handler,
        request,
        parameters: match.path,
        who,
        at,
        facts,
        deps,
      });
    } catch (error) {
      answer = refuse(error, facts.id);
      if (answer.status >= 500)
        platform.log.error("request.failed", (error instanceof Problem ? error.options.cause : undefined) ?? error, {
          request_id: facts.id,
          operation: operation?.id,
        });
    }
    platform.meter.request({
      request_id: facts.id,
      operation: operation?.id ?? "unmatched",
      status: answer.status,
      duration_ms: Math.round(performance.now() - started),
    });
    const headers = { ...(rate === undefined ? {} : rateHeaders(rate)), ...answer.headers, "x-request-id": facts.id };
    // The same headers as GET and no body (RFC 9110, 9.3.2); what would have streamed is not begun.
    return { ...answer, headers, ...(request.method === "HEAD" ? { body: "" } : {}) };
  };
}

interface Prepared {
  readonly platform: Platform;
  readonly operation: OperationShape;
  readonly handler: AnyHandler;
  readonly request: RawRequest;
  readonly parameters: Readonly<Record<string, string>>;
  readonly who: Authentication | null;
  readonly at: Date;
  readonly facts: RequestFacts;
  readonly deps: unknown;
}

async function respond(prepared: Prepared): Promise<Answer> {
  const { platform, operation, handler, request, who, at, facts } = prepared;
  const rights = who === null || who.rights instanceof Problem ? undefined : who.rights;
  const context: ChangeContext | undefined =
    rights === undefined
      ? undefined
      : {
          tenant: rights.caller.organization.id,
          actor: rights.caller.principal,
          at,
          trace_id: facts.id,
          request: facts,
          audit_days: retentionOf(rights.caller.organization).audit_days,
        };
  if (permissionOf(operation) !== undefined) await permit(prepared, context);
  if (operation.permission === "directory" && who?.rights instanceof Problem) throw who.rights;
  if (operation.permission === "operator") await permitOperator(prepared);
  // Whoever lacks the permission is not told to prove themselves for nothing.
  if (who?.session !== undefined) requireFreshProof(operation, who.session, at);
  const input = parseInput(operation, request, prepared.parameters) as Pick<
    Call<OperationShape>,
    "path" | "query" | "body"
  >;
  const tenant = keeperOf(operation, context?.tenant);
  const claim = claimOf(platform, operation, request, { tenant, principal: who?.principal ?? null, at });
  const read = who?.also !== undefined && keeperOf(operation, who.also.tenant) === tenant ? who.also : undefined;
  const earlier = await claim?.replay(read && { record: read.found as IdempotencyRecord | undefined });
  if (earlier !== undefined) return earlier;
  if (operation.outside_effect) await claim?.lease();
  const rendered = (output: unknown): Answer => render(operation, output, request.path);
  /** Commits, with what the idempotency key is answered from then on. */
  const transact = async (writes: readonly Write[], answer: unknown): Promise<void> => {
    const remembered = claim === undefined ? [] : [await claim.write(rendered(answer))];
    await platform.table.transact([...writes, ...remembered, ...byAccess(platform, rights, writes)]);
  };
  /** What is given at the end of a call that has kept no answer, or one for the time being. */
  const keep = async (answer: Answer): Promise<void> => {
    if (claim === undefined || claim.stored || typeof answer.body !== "string") return;
    try {
      await platform.table.transact([await claim.write(answer)]);
    } catch (error) {
      if (!claim.begun) throw error;
      // What it was told when it began still says where to look; an answer may be larger than an item.
      platform.log.error("request.answer_not_kept", error, { request_id: facts.id, operation: operation.id });
    }
  };
  const call: Call<OperationShape> = {
    ...input,
    caller: (actsInOrganization(operation)
      ? rights?.caller
      : (who?.signedIn ?? null)) as Call<OperationShape>["caller"],
    load: loader(prepared, rights, input.path),
    may: (permission) => rights !== undefined && decide(rights.caller.grants, permission).allowed,
    refusedUnder: (organization) => refusalAtTheDoor(organization, { ip: request.ip, session: who?.session }, at),
    stillPermitted() {
      if (operation.permission === "operator" && who !== null) return operatorStands(platform.table, who.principal.id);
      if (rights === undefined) throw new Error(`${operation.id} rests on no rights`);
      return rightsStand(platform.table, rights, platform.clock.now());
    },
    async recheck() {
      if (who === null) return;
      if (operation.permission === "directory") {
        await authenticateDirectory(platform.table, request, platform.clock.now());
        return;
      }
      const now = await platform.authenticate(request, platform.clock.now());
      if (permissionOf(operation) === undefined) return;
      if (now.rights instanceof Problem) throw now.rights;
      requirePermission(operation, now.rights);
    },
    session_id: who?.session?.id,
    at,
    request: facts,
    if_match: readIfMatch(request.headers["if-match"]),
    if_none_match: readIfMatch(request.headers["if-none-match"]),
    last_event_id: request.headers["last-event-id"],
    place: request.place ?? null,
    origin: request.origin ?? "",
    cookies: request.headers.cookie ?? "",
    accept_encoding: request.headers["accept-encoding"] ?? "",
    get context() {
      if (context === undefined) throw new Error(`${operation.id} has no organization to act in`);
      return context;
    },
    async commit(change: ChangeSet, answer: unknown, as?: { tenant: string; actor: Principal }) {
      // Who acts for another organization than the caller's has just made it, or changes an account.
      const elsewhere = { at, trace_id: facts.id, request: facts, audit_days: AUDIT_DAYS };
      const within: ChangeContext = as === undefined ? this.context : { ...as, ...elsewhere };
      return this.answer(changeWrites(platform.table, within, change), answer as never);
    },
    async begin(change: ChangeSet, provisional: unknown) {
      await transact(changeWrites(platform.table, this.context, change), provisional);
      if (claim !== undefined) claim.begun = true;
    },
    async answer(writes: readonly Write[], answer: unknown) {
      await transact(writes, answer);
      if (claim !== undefined) claim.stored = true;
      return answer as never;
    },
  };
  if (rights?.by === "operator_access")
    await recordUse(platform.table, call.context, rights, operation.id, platform.clock.now());
  try {
    const answer = rendered(await handler(call, prepared.deps));
    await keep(answer);
    return answer;
  } catch (error) {
    // What refused this request may be the effect of the same request sent twice: then the first answer is the answer.
    if (error instanceof Problem && error.status < 500) {
      const winner = await claim?.winner();
      if (winner !== undefined) return winner;
    }
    await claim?.release();
    throw error;
  }
}

/** What an operator's access proves in every transaction that it brings about, beside what the handler proves itself. */
function byAccess({ table, clock }: Platform, rights: Rights | undefined, writes: readonly Write[]): Write[] {
  if (rights?.by !== "operator_access") return [];
  const proved = new Set(writes.filter(({ item }) => item.ConditionCheck !== undefined).map(({ type }) => type));
  return accessProofs(table, rights, clock.now()).filter(({ type }) => !proved.has(type));
}

/**
 * Where the answers to idempotency keys are kept: with the organization that is acted in; with the platform for what people
 * do about themselves, which they may repeat when they belong to that organization no more.
 */
const keeperOf = (operation: OperationShape, tenant: string | undefined): string =>
  actsInOrganization(operation) ? (tenant ?? PLATFORM) : PLATFORM;

/** Checks the operation's permission; a refusal is part of the audit trail. */
async function permit({ platform, operation, who }: Prepared, context: ChangeContext | undefined): Promise<void> {
  if (who === null || context === undefined || who.rights instanceof Problem)
    throw who?.rights instanceof Problem ? who.rights : new Error("permission check without a caller");
  try {
    requirePermission(operation, who.rights);
  } catch (refusal) {
    await recordDenial(platform.table, context, operation);
    throw refusal;
  }
}

/** Only operators of the platform; a refusal is part of the platform's own audit trail. */
async function permitOperator({ platform, operation, who, at, facts }: Prepared): Promise<void> {
  if (who === null) throw new Error(`${operation.id} knows nobody`);
  try {
    requireOperator(who.operator, who.session);
  } catch (refusal) {
    const context = { tenant: PLATFORM, actor: who.principal, at, trace_id: facts.id, request: facts };
    await recordDenial(platform.table, { ...context, audit_days: AUDIT_DAYS }, operation);
    throw refusal;
  }
}

/** Reads what the operation is about, once unless it is wanted fresh. */
function loader({ platform, operation, at }: Prepared, rights: Rights | undefined, path: object) {
  let loaded: Promise<unknown> | undefined;
  const read = async (fresh: boolean): Promise<unknown> => {
    const { resource } = operation;
    if (rights === undefined || resource === undefined || !("read" in resource))
      throw new Error(`${operation.id} names nothing that could be loaded`);
    const { caller } = rights;
    const from = { table: platform.table.of(caller.organization.id), path: { ...path }, caller, at, fresh };
    const thing = await resource.read(from);
    if (thing === undefined) throw notFound();
    return thing;
  };
  return (how?: { readonly fresh: boolean }): Promise<never> => {
    const fresh = how?.fresh === true;
    if (loaded === undefined || fresh) loaded = read(fresh);
    return loaded as Promise<never>;
  };
}

const methodNotAllowed = (allow: readonly string[]): Problem =>
  new Problem("method_not_allowed", `This path takes ${allow.join(", ")}.`, { headers: { allow: allow.join(", ") } });
