import { Problem } from "../../../shared/errors.ts";
import { type Answer, STANDARD_HEADERS, toProblem } from "../../../shared/http/answer.ts";
import { rechecked } from "../../../shared/http/heartbeat.ts";
import { invalid, parseValue, readJson } from "../../../shared/http/parse.ts";
import type { Slices } from "../../../shared/limits/slices.ts";
import { cutText } from "../../../shared/text.ts";
import { type AgentRunResult, Deltas, problemOf } from "../../executions/public.ts";
import { type Begun, begin, type CallDeps, type Question } from "../calls/run.ts";
import { chatRequest, chunks, completion, errorOf, modelOf, questionOf } from "../channels/openai.ts";
import { answered, invokeRequest } from "../channels/rest.ts";
import type { Channel } from "../model.ts";
import type { Route } from "../rules/routes.ts";
import { named } from "../rules/served.ts";
import { authenticate, type Caller } from "./authenticate.ts";
import { json } from "./json.ts";
import type { DoorRequest } from "./request.ts";

/** What answering calls takes. */
export interface DoorDeps extends CallDeps {
  /** Counts requests against what endpoints allow. */
  readonly slices: Slices;
}

const MOST_BYTES = 4 * 1024 * 1024;

interface Asking {
  readonly request: DoorRequest;
  readonly request_id: string;
  readonly caller: Caller;
}

/** Does what was asked for by somebody who may. @throws Problem */
export async function handle(
  route: Exclude<Route, { readonly name: "health" }>,
  asking: Asking,
  deps: DoorDeps,
): Promise<Answer> {
  const { endpoint } = asking.caller;
  requireOpen(asking, route.name === "invoke" ? "rest" : "openai");
  switch (route.name) {
    case "invoke":
      return invoke(route.ref, asking, deps);
    case "chat":
      return chat(asking, deps);
    case "models":
      return json(200, { object: "list", data: [modelOf(endpoint.target_id, 0)] }, asking.request_id);
    case "model":
      if (route.ref !== endpoint.target_id) throw noModel(route.ref);
      return json(200, modelOf(endpoint.target_id, 0), asking.request_id);
  }
}

function requireOpen({ caller }: Asking, channel: Channel): void {
  if (!caller.endpoint.channels[channel])
    throw new Problem("forbidden", `The channel \`${channel}\` of this endpoint is switched off.`);
}

const noModel = (model: string): Problem =>
  new Problem(
    "not_found",
    `There is no model \`${cutText(model, 200)}\`. \`GET /v1/models\` lists what this key opens.`,
  );

async function invoke(ref: string, asking: Asking, deps: DoorDeps): Promise<Answer> {
  const { request, request_id, caller } = asking;
  const wanted = named(caller.endpoint, ref);
  if (wanted === undefined) throw new Problem("not_found", "This key opens no such endpoint.");
  const { stream, ...question } = parseValue(invokeRequest, readJson(request, MOST_BYTES) ?? {});
  const call = await begin(caller, "rest", wanted === "any" ? undefined : wanted, deps);
  const of = {
    id: call.id,
    agent_id: caller.endpoint.target_id,
    deployment_id: call.deployment_id,
    version: call.version,
  };
  if (!stream) return json(200, answered(of, succeeded(await call.run(question))), request_id);
  const event = (name: string, data: object) => `event: ${name}\ndata: ${JSON.stringify({ type: name, ...data })}\n\n`;
  return streamed(asking, deps, call, question, {
    first: [event("start", of)],
    text: (content) => event("content", { content }),
    last: (result) => [event("done", answered(of, result))],
    refused: ({ code, detail }) => [event("error", { id: call.id, code, message: detail })],
    beat: event("heartbeat", {}),
  });
}

async function chat(asking: Asking, deps: DoorDeps): Promise<Answer> {
  const { request, request_id, caller } = asking;
  const body = parseValue(chatRequest, readJson(request, MOST_BYTES) ?? {});
  const wanted = named(caller.endpoint, body.model);
  if (wanted === undefined) throw noModel(body.model);
  const question = questionOf(body);
  if ("path" in question) throw invalid([question]);
  const call = await begin(caller, "openai", wanted === "any" ? undefined : wanted, deps);
  const of = { id: call.id, created: Math.floor(call.at.getTime() / 1_000), model: body.model };
  if (body.stream !== true) return json(200, completion(of, succeeded(await call.run(question))), request_id);
  const piece = (data: object) => `data: ${JSON.stringify(data)}\n\n`;
  const tells_usage = body.stream_options?.include_usage === true;
  return streamed(asking, deps, call, question, {
    first: [piece(chunks.first(of))],
    text: (content) => piece(chunks.text(of, content)),
    last: (result) => [
      piece(chunks.last(of, result)),
      ...(tells_usage ? [piece(chunks.usage(of, result))] : []),
      "data: [DONE]\n\n",
    ],
    refused: (problem) => [piece(errorOf(problem, request_id))],
    beat: ": heartbeat\n\n",
  });
}

type Answered = Extract<AgentRunResult, { readonly ok: true }>;

/** @throws Problem what the agent failed with */
function succeeded(result: AgentRunResult): Answered {
  if (!result.ok) throw problemOf(result.error, result.model);
  return result;
}

/** How one channel writes what comes. */
interface Writing {
  readonly first: readonly string[];
  readonly text: (content: string) => string;
  readonly last: (result: Answered) => readonly string[];
  readonly refused: (problem: Problem) => readonly string[];
  readonly beat: string;
}

/** An answer that leaves while it is made. Whoever asks is asked for anew while it lasts. */
function streamed(
  { request, request_id, caller }: Asking,
  deps: DoorDeps,
  call: Begun,
  question: Question,
  writing: Writing,
): Answer {
  const recheck = async () => {
    const now = await authenticate(request, deps.table, deps.clock.now());
    if (now.endpoint.target_id !== caller.endpoint.target_id)
      throw new Problem("unauthenticated", "The key has moved.");
  };
  const headers = {
    ...STANDARD_HEADERS,
    "content-type": "text/event-stream",
    "x-accel-buffering": "no",
    "x-request-id": request_id,
  };
  const body = async function* () {
    try {
      yield* rechecked({ recheck }, (ended) => pieces(call, question, writing, ended), { beat: writing.beat });
    } catch (error) {
      const problem = toProblem(error);
      if (problem.status >= 500) deps.log.error("request.failed", error, { request_id });
      yield* writing.refused(problem);
    }
  };
  return { status: 200, headers, body: body() };
}

/** The pieces of an answer. What was used is recorded also where nobody reads to the end. */
async function* pieces(
  call: Begun,
  question: Question,
  { first, text, last }: Writing,
  ended: AbortSignal,
): AsyncGenerator<string> {
  yield* first;
  const deltas = new Deltas();
  ended.addEventListener("abort", () => deltas.abandon());
  const running = call
    .run({ ...question, signal: deltas.signal, on_delta: (delta) => deltas.push(delta) })
    .finally(() => deltas.end());
  // Told by whoever reads, or by nobody.
  running.catch(() => {});
  try {
    for await (const delta of deltas) if (delta.type === "text") yield text(delta.text);
    yield* last(succeeded(await running));
  } finally {
    deltas.abandon();
    await running.catch(() => {});
  }
}
