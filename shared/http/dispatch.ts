import { type Also, type Authentication, keyOf } from "../access/authenticate.ts";
import { decide } from "../access/decide.ts";
import { authenticateDirectory } from "../access/directory.ts";
import { refusalAtTheDoor } from "../access/doors.ts";
import { type Rights, requireSameStanding, rightsStand } from "../access/grants.ts";
import { presentedKey } from "../access/keys/authenticate.ts";
import type { ApiKey } from "../access/keys/items.ts";
import { KeyUsage, outcomeOf } from "../access/keys/usage.ts";
import { recordUse } from "../access/operator-access.ts";
import { operatorStands, requireOperator } from "../access/operators.ts";
import type { Permission } from "../access/permissions.ts";
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
import { beyondTenant } from "../tenancy/scope.ts";
import { cutText } from "../text.ts";
import { readTrace, type Trace } from "../tracing/context.ts";
import { type Answer, problemAnswer, render, toProblem } from "./answer.ts";
import type { Call, Handlers } from "./call.ts";
import { claimOf, type IdempotencyRecord, isRepeatable } from "./idempotency.ts";
import { isJudgement, judged, type Left, type Permitted, reasonOf } from "./judge.ts";
import { loader } from "./loader.ts";
import type { OperationShape } from "./operation.ts";
import { parseInput, type RawRequest } from "./parse.ts";
import { actsInOrganization, permissionOf, recordDenial, requireNoKey, requirePermission } from "./permit.ts";
import type { Platform } from "./platform.ts";
import { byAccess, byRole } from "./proofs.ts";
import { createRates } from "./rates.ts";
import { createRouter } from "./router.ts";
import { recordShadow } from "./shadow.ts";
import { showing } from "./showing.ts";
import { requireFreshProof } from "./step-up.ts";
import { walled } from "./walled.ts";

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
  const usage = new KeyUsage(platform.table, (error) => platform.log.error("request.usage_not_counted", error));
  /** Who calls; null where nobody is asked, the refusal where the credential is none. */
  const identify = async (operation: OperationShape, request: RawRequest, at: Date) => {
    if (operation.permission === "public") return null;
    try {
      if (operation.permission === "directory" && presentedKey(request) === undefined)
        return await authenticateDirectory(platform.table, request, at);
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
    let rate: readonly RateState[] = [];
    let key: ApiKey | undefined;
    let answer: Answer;
    try {
      const match = route(request.method, request.path);
      if (!match.found) {
        rate = await rates.address(request, "read", at);
        throw match.allow.length === 0 ? notFound(match.detail) : methodNotAllowed(match.allow);
      }
      operation = match.operation;
      facts.operation = operation.id;
      const handler = byId.get(operation.id);
      if (handler === undefined) throw new Error(`${operation.id} has no handler`);
      const who = await identify(operation, request, at);
      key = keyOf(who);
      const within = walled(platform, operation, who);
      // A refused credential is no try to sign in: a page whose token has ended keeps nobody from getting another.
      if (who === null) rate = await rates.address(request, operation.rate_class, at);
      else if (who instanceof Problem) rate = await rates.address(request, "read", at);
      else rate = await rates.caller(who, operation, at);
      if (who instanceof Problem) throw who;
      const trace = readTrace(request.headers);
      const prepared = { platform, operation, handler, request, parameters: match.path, who, at, facts, trace, deps };
      answer = await within(() => respond(prepared));
    } catch (error) {
      answer = refuse(error, facts.id);
      if (answer.status >= 500)
        platform.log.error("request.failed", (error instanceof Problem ? error.options.cause : undefined) ?? error, {
          request_id: facts.id,
          operation: operation?.id,
        });
    }
    if (key !== undefined && operation !== undefined)
      await usage.count(key, operation.id, outcomeOf(answer.status), at);
    platform.meter.request({
      request_id: facts.id,
      operation: operation?.id ?? "unmatched",
      status: answer.status,
      duration_ms: Math.round(performance.now() - started),
    });
    const headers = { ...rateHeaders(rate), ...answer.headers, "x-request-id": facts.id };
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
  readonly trace: Trace;
  readonly deps: unknown;
}

async function respond(prepared: Prepared): Promise<Answer> {
  const { platform, operation, handler, request, who, at, facts, trace } = prepared;
  const rights = who === null || who.rights instanceof Problem ? undefined : who.rights;
  const context: ChangeContext | undefined =
    rights === undefined
      ? undefined
      : {
          tenant: rights.caller.organization.id,
          actor: rights.caller.principal,
          at,
          trace_id: trace.trace_id,
          request: facts,
          audit_days: retentionOf(rights.caller.organization).audit_days,
        };
  if (permissionOf(operation) !== undefined) await permit(prepared, context);
  if (who !== null) requireNoKey(operation, who.principal);
  if (operation.permission === "directory" && who?.rights instanceof Problem) throw who.rights;
  if (operation.permission === "operator") await permitOperator(prepared);
  // Whoever lacks the permission is not told to prove themselves for nothing.
  if (who?.session !== undefined) requireFreshProof(operation, who.session, at);
  const input = parseInput(operation, request, prepared.parameters) as Pick<
    Call<OperationShape>,
    "path" | "query" | "body"
  >;
  const loadThing = loader(prepared, rights, input.path);
  /** Asks the policies, about what was read last, and what it becomes. */
  const ask = async (change?: object) => {
    const found = await judgeRequest(prepared, context, rights, { ...input, change }, loadThing);
    await watch(found);
    return found;
  };
  const watched = new Set<string>();
  /** Counts what policies in shadow would have denied. */
  const watch = async (found: Left | undefined): Promise<void> => {
    if (found !== undefined && found.shadow.size > 0 && context !== undefined)
      await recordShadow(platform.table, context, operation, found.shadow.values(), watched);
  };
  let left = await ask();
  const granted = (permission: Permission) => rights !== undefined && decide(rights.caller.grants, permission).allowed;
  const tenant = keeperOf(operation, context?.tenant);
  const claim = claimOf(platform, operation, request, { tenant, principal: who?.principal ?? null, at });
  const read = who?.also !== undefined && keeperOf(operation, who.also.tenant) === tenant ? who.also : undefined;
  const earlier = await claim?.replay(read && { record: read.found as IdempotencyRecord | undefined });
  if (earlier !== undefined) return earlier;
  if (operation.outside_effect) await claim?.lease();
  const rendered = (output: unknown): Answer => render(operation, output, request.path);
  let proving = false;
  /** Commits, with what the idempotency key is answered from then on. */
  const transact = async (writes: readonly Write[], answer: unknown): Promise<void> => {
    const remembered = claim === undefined ? [] : [await claim.write(rendered(answer))];
    const beside = [...byAccess(platform, rights, writes), ...(proving ? byRole(platform, rights, writes) : [])];
    await platform.table.transact([...writes, ...remembered, ...beside]);
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
    async load(how) {
      const thing = await loadThing(how);
      // Who reads it anew does so since it has changed: it may be one by now that they may not touch.
      if (how?.fresh === true) left = await ask();
      return thing;
    },
    async becomes(change) {
      left = await ask(change);
    },
    may(permission) {
      if (!granted(permission) || left?.refused.has(permission) === true) return false;
      left?.asksFor(permission);
      return true;
    },
    denied: (permission) => (granted(permission) ? left?.refused.get(permission) : undefined),
    refusedUnder: (organization) => refusalAtTheDoor(organization, { ip: request.ip, session: who?.session }, at),
    stillPermitted() {
      if (operation.permission === "operator" && who !== null) return operatorStands(platform.table, who.principal.id);
      if (rights === undefined) throw new Error(`${operation.id} rests on no rights`);
      proving = true;
      return rightsStand(platform.table, rights, platform.clock.now());
    },
    proofs(beside = []) {
      return [this.stillPermitted(), ...byRole(platform, rights, beside)];
    },
    requireSameStanding(own) {
      if (rights === undefined) throw new Error(`${operation.id} rests on no rights`);
      proving = true;
      requireSameStanding(rights, own);
    },
    async recheck() {
      if (who === null) return;
      if (operation.permission === "directory") {
        await beyondTenant(() => authenticateDirectory(platform.table, request, platform.clock.now()));
        return;
      }
      const since = platform.clock.now();
      const now = await beyondTenant(() => platform.authenticate(request, since));
      if (permissionOf(operation) === undefined) return;
      if (now.rights instanceof Problem) throw now.rights;
      requirePermission(operation, now.rights);
      // About the thing as it is by now: read again where a policy looks at it, and only there.
      const later = { ...prepared, who: now, at: since };
      const loadAgain = loader(later, now.rights, input.path, true);
      left = await judgeRequest(later, context && { ...context, at: since }, now.rights, input, loadAgain);
    },
    session_id: who?.session?.id,
    at,
    request: facts,
    trace,
    if_match: readIfMatch(request.headers["if-match"]),
    if_none_match: readIfMatch(request.headers["if-none-match"]),
    last_event_id: request.headers["last-event-id"],
    signed: {
      key_id: request.headers["github-public-key-identifier"] ?? "",
      signature: request.headers["github-public-key-signature"] ?? "",
      body: request.body ?? "",
    },
    place: request.place ?? null,
    origin: request.origin ?? "",
    cookies: request.headers.cookie ?? "",
    accept_encoding: request.headers["accept-encoding"] ?? "",
    context: context as ChangeContext,
    async commit(change: ChangeSet, answer: unknown, as?: { tenant: string; actor: Principal }) {
      // Who acts for another organization than the caller's has just made it, or changes an account.
      const elsewhere = { at, trace_id: trace.trace_id, request: facts, audit_days: AUDIT_DAYS };
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
  // Only where it is missed: an accessor that is made for each request costs more than what it is made with.
  if (context === undefined)
    Object.defineProperty(call, "context", {
      get() {
        throw new Error(`${operation.id} has no organization to act in`);
      },
    });
  if (rights?.by === "operator_access")
    await recordUse(platform.table, call.context, rights, operation.id, platform.clock.now());
  try {
    const answer = rendered(await showing(left?.shows, call, (one) => handler(one, prepared.deps)));
    await watch(left).catch((error: unknown) =>
      // It is answered by now: what is only watched does no harm.
      platform.log.error("request.shadow_not_counted", error, { request_id: facts.id, operation: operation.id }),
    );
    await keep(answer);
    return answer;
  } catch (error) {
    // What refused this request may be the effect of the same request sent twice: then the first answer is the answer.
    if (error instanceof Problem && error.status < 500) {
      const winner = await claim?.winner();
      if (winner !== undefined) return winner;
    }
    // What was judged before the handler, which has found only now that it needs it.
    if (error instanceof Problem && context !== undefined && [...(left?.refused.values() ?? [])].includes(error))
      await recordDenial(platform.table, context, operation, reasonOf(error));
    await claim?.release();
    throw error;
  }
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

/** What policies say of a request that its permission lets through; a refusal is part of the audit trail. */
async function judgeRequest(
  { platform, operation, who, facts, at }: Prepared,
  context: ChangeContext | undefined,
  rights: Rights | undefined,
  input: Pick<Call<OperationShape>, "path" | "query" | "body"> & Pick<Permitted, "change">,
  load: () => Promise<unknown>,
): Promise<Left | undefined> {
  if (rights === undefined || context === undefined || who === null) return undefined;
  try {
    return await judged({ ...input, platform, operation, who, rights, facts, at, load });
  } catch (refusal) {
    if (isJudgement(refusal)) await recordDenial(platform.table, context, operation, reasonOf(refusal));
    throw refusal;
  }
}

/** Only operators of the platform; a refusal is part of the platform's own audit trail. */
async function permitOperator({ platform, operation, who, at, facts, trace }: Prepared): Promise<void> {
  if (who === null) throw new Error(`${operation.id} knows nobody`);
  try {
    requireOperator(who.operator, who.session);
  } catch (refusal) {
    const context = { tenant: PLATFORM, actor: who.principal, at, trace_id: trace.trace_id, request: facts };
    await recordDenial(platform.table, { ...context, audit_days: AUDIT_DAYS }, operation);
    throw refusal;
  }
}

const methodNotAllowed = (allow: readonly string[]): Problem =>
  new Problem("method_not_allowed", `This path takes ${allow.join(", ")}.`, { headers: { allow: allow.join(", ") } });
