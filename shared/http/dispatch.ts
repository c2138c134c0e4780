import type { SignedIn } from "../access/caller.ts";
import { decide } from "../access/decide.ts";
import type { Principal } from "../access/principal.ts";
import { auditWrite, type ChangeContext, type ChangeSet, eventWrites } from "../change/commit.ts";
import type { RequestFacts } from "../change/items.ts";
import type { Write } from "../dynamo/write.ts";
import { notFound, Problem } from "../errors.ts";
import { PLATFORM } from "../identity/items.ts";
import { newId } from "../ids.ts";
import { plans } from "../limits/plans.ts";
import { countRequest, type RateState, rateHeaders } from "../limits/rate.ts";
import { cutText } from "../text.ts";
import { type Answer, problemAnswer, render, toProblem } from "./answer.ts";
import type { Call, Handlers } from "./call.ts";
import { IdempotencyClaim } from "./idempotency.ts";
import type { OperationShape } from "./operation.ts";
import { parseInput, type RawRequest } from "./parse.ts";
import type { Platform } from "./platform.ts";
import { createRouter } from "./router.ts";

type AnyHandler = (call: Call<OperationShape>, deps: unknown) => Promise<unknown>;

/**
 * Answers requests to these operations, each in the same order: authenticate, load live rights, count against the
 * rate limits, check the permission, parse, look for an earlier answer to the idempotency key, handle, render.
 * Every failure leaves as a problem document.
 */
export function createDispatcher<T extends Readonly<Record<string, OperationShape>>, D>(
  operations: T,
  handlers: Handlers<T, D>,
  platform: Platform,
  deps: D,
): (request: RawRequest) => Promise<Answer> {
  const route = createRouter(Object.values(operations));
  const byId = new Map(
    Object.entries(operations).map(([name, operation]) => [operation.id, handlers[name] as AnyHandler | undefined]),
  );

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
      if (!match.found) throw match.allow.length === 0 ? notFound(match.detail) : methodNotAllowed(match.allow);
      operation = match.operation;
      const handler = byId.get(operation.id);
      if (handler === undefined) throw new Error(`${operation.id} has no handler`);
      const caller = await identify(platform, operation, request, at);
      rate = await countRates(platform, caller, request, at);
      answer = await respond({
        platform,
        operation,
        handler,
        request,
        parameters: match.path,
        caller,
        at,
        facts,
        deps,
      });
    } catch (error) {
      const problem = toProblem(error);
      if (problem.status >= 500)
        platform.log.error("request.failed", problem.options.cause ?? error, {
          request_id: facts.id,
          operation: operation?.id,
        });
      answer = problemAnswer(problem, facts.id);
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
  readonly caller: Identified;
  readonly at: Date;
  readonly facts: RequestFacts;
  readonly deps: unknown;
}

interface Identified {
  readonly signedIn: SignedIn | null;
  readonly refusal: Problem | null;
}

async function identify(
  platform: Platform,
  operation: OperationShape,
  request: RawRequest,
  at: Date,
): Promise<Identified> {
  if (operation.permission === "public") return { signedIn: null, refusal: null };
  return platform.authenticate(request, at);
}

/** One count for the user (or the address, before sign-in), one for the organization; both at once. */
async function countRates(
  platform: Platform,
  { signedIn }: Identified,
  request: RawRequest,
  at: Date,
): Promise<RateState> {
  const everybody = platform.table.of(PLATFORM);
  if (signedIn === null) return countRequest(everybody, `address:${request.ip}`, platform.limits.address, at);
  const counts = [countRequest(everybody, `user:${signedIn.user.id}`, platform.limits.user, at)];
  if (signedIn.member !== null) {
    const { id, plan } = signedIn.member.organization;
    counts.push(countRequest(platform.table.of(id), "organization", plans[plan].requests_per_minute, at));
  }
  const [own, organization] = await Promise.all(counts);
  if (own === undefined) throw new Error("no rate was counted");
  return organization !== undefined && organization.remaining < own.remaining ? organization : own;
}

async function respond(prepared: Prepared): Promise<Answer> {
  const { platform, operation, handler, request, caller, at, facts } = prepared;
  const member = caller.signedIn?.member ?? null;
  if (operation.permission !== "public" && operation.permission !== "authenticated") {
    if (caller.refusal !== null) throw caller.refusal;
    await permit(prepared);
  }
  const input = parseInput(operation, request, prepared.parameters);
  const claim = idempotencyClaim(prepared, member?.organization.id ?? PLATFORM);
  const earlier = await claim?.replay();
  if (earlier !== undefined) return earlier;
  if (operation.outside_effect) await claim?.lease();
  const context: ChangeContext | undefined =
    caller.signedIn === null || member === null
      ? undefined
      : { tenant: member.organization.id, actor: caller.signedIn.principal, at, trace_id: facts.id, request: facts };
  const rendered = (output: unknown): Answer => render(operation, output, request.path);
  const call: Call<OperationShape> = {
    ...(input as Pick<Call<OperationShape>, "path" | "query" | "body">),
    caller: (member === null ? caller.signedIn : { ...caller.signedIn, ...member }) as Call<OperationShape>["caller"],
    at,
    request: facts,
    if_match: request.headers["if-match"]?.replaceAll(/^(?:W\/)?"|"$/g, ""),
    last_event_id: request.headers["last-event-id"],
    accept_encoding: request.headers["accept-encoding"] ?? "",
    get context() {
      if (context === undefined) throw new Error(`${operation.id} has no organization to act in`);
      return context;
    },
    async commit(change: ChangeSet, answer: unknown, as?: { tenant: string; actor: Principal }) {
      const within: ChangeContext = as === undefined ? this.context : { ...as, at, trace_id: facts.id, request: facts };
      return this.answer([...change.writes, ...eventWrites(platform.table, within, change.events)], answer as never);
    },
    async answer(writes: readonly Write[], answer: unknown) {
      const remembered = claim === undefined ? [] : [await claim.write(rendered(answer))];
      await platform.table.transact([...writes, ...remembered]);
      if (claim !== undefined) claim.stored = true;
      return answer as never;
    },
  };
  try {
    const answer = rendered(await handler(call, prepared.deps));
    if (claim !== undefined && !claim.stored && typeof answer.body === "string")
      await platform.table.transact([await claim.write(answer)]);
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

/** Checks the operation's permission; a refusal is part of the audit trail. */
async function permit({ platform, operation, caller, at, facts }: Prepared): Promise<void> {
  const permission = operation.permission as Exclude<OperationShape["permission"], "public" | "authenticated">;
  const { signedIn } = caller;
  if (signedIn?.member == null) throw new Error("permission check without a member");
  if (decide(signedIn.member.grants, permission).allowed) return;
  const context = {
    tenant: signedIn.member.organization.id,
    actor: signedIn.principal,
    at,
    trace_id: facts.id,
    request: facts,
  };
  const entry = {
    action: "access.denied",
    resource: { type: "operation", id: operation.id },
    outcome: "denied",
    reason: `permission ${permission}`,
  } as const;
  await platform.table.transact([auditWrite(platform.table, context, entry)]);
  throw new Problem(
    "forbidden",
    `This needs the permission \`${permission}\`, which your role \`${signedIn.member.membership.role}\` does not grant.`,
    {
      members: { permission },
    },
  );
}

function idempotencyClaim(
  { platform, operation, request, caller, at }: Prepared,
  tenant: string,
): IdempotencyClaim | undefined {
  const key = request.headers["idempotency-key"];
  if (key === undefined || operation.method !== "POST" || operation.response === "events") return undefined;
  if (!/^[\x21-\x7e]{1,255}$/.test(key)) {
    const issues = [
      { path: "header.idempotency-key", message: "must be 1 to 255 printable ASCII characters without spaces" },
    ];
    throw new Problem("validation_failed", "The idempotency key is not valid.", { issues });
  }
  return new IdempotencyClaim(
    platform.table.of(tenant),
    platform.secrets,
    operation,
    request,
    key,
    caller.signedIn,
    at,
  );
}

const methodNotAllowed = (allow: readonly string[]): Problem =>
  new Problem("method_not_allowed", `This path takes ${allow.join(", ")}.`, { headers: { allow: allow.join(", ") } });
