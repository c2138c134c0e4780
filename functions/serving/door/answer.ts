import type { APIGatewayProxyEventV2 } from "aws-lambda";
import { Problem } from "../../../shared/errors.ts";
import { type Answer, problemAnswer, STANDARD_HEADERS, toProblem } from "../../../shared/http/answer.ts";
import { corsHeaders, preflight } from "../../../shared/http/cors.ts";
import { newId } from "../../../shared/ids.ts";
import { cutText } from "../../../shared/text.ts";
import { errorOf } from "../channels/openai.ts";
import { find, type Manner } from "../rules/routes.ts";
import { authenticate, type Caller } from "./authenticate.ts";
import { type DoorDeps, handle } from "./handle.ts";
import { json } from "./json.ts";
import { type DoorRequest, requestOf } from "./request.ts";

/** Answers one request of whoever has a key. Never throws. */
export async function answer(event: APIGatewayProxyEventV2, deps: DoorDeps): Promise<Answer> {
  const at = deps.clock.now();
  const request_id = newId("request", at);
  const request = requestOf(event);
  const { manner, route, allow } = find(request.method, request.path);
  let caller: Caller | undefined;
  try {
    if (request.method === "OPTIONS") return asked(request);
    if (route === undefined) throw nothingThere(request, allow);
    if (route.name === "health") return json(200, { status: "ok" }, request_id);
    caller = await authenticate(request, deps.table, at);
    const { tenant, endpoint } = caller;
    const subject = `endpoint:${endpoint.gateway_id}:${endpoint.target_id}`;
    const allowance = { name: "endpoint", subject, limit: endpoint.requests_per_minute };
    await deps.slices.admit(deps.table.of(tenant), allowance, at);
    return readable(request, await handle(route, { request, request_id, caller }, deps), caller);
  } catch (error) {
    const problem = toProblem(error);
    if (problem.status >= 500) deps.log.error("request.failed", error, { request_id });
    return readable(request, refusal(problem, manner, request_id), caller);
  }
}

function nothingThere({ method, path }: DoorRequest, allow: readonly string[]): Problem {
  if (allow.length === 0) return new Problem("not_found", `There is nothing at ${method} ${cutText(path, 200)}.`);
  return new Problem("method_not_allowed", `This path takes ${allow.join(", ")}.`, {
    headers: { allow: allow.join(", ") },
  });
}

/** Which pages may ask is known by the key, which a browser does not send with its question: it is told with the answer. */
const asked = (request: DoorRequest): Answer =>
  preflight(request, [request.headers.origin ?? ""]) ?? { status: 204, headers: STANDARD_HEADERS, body: "" };

const readable = (request: DoorRequest, answer: Answer, caller: Caller | undefined): Answer => ({
  ...answer,
  headers: { ...answer.headers, ...corsHeaders(request, answer, caller?.endpoint.allowed_origins ?? []) },
});

function refusal(problem: Problem, manner: Manner, request_id: string): Answer {
  const plain = problemAnswer(problem, request_id);
  if (manner === "problem") return plain;
  const headers = { ...plain.headers, "content-type": "application/json" };
  return { status: plain.status, headers, body: JSON.stringify(errorOf(problem, request_id)) };
}
