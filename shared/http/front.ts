import { isUtf8 } from "node:buffer";
import { timingSafeEqual } from "node:crypto";
import { isIP } from "node:net";
import type { APIGatewayProxyEventV2 } from "aws-lambda";
import { systemClock } from "../clock.ts";
import type { Environment } from "../config/env.ts";
import { readSettings } from "../config/settings.ts";
import { Problem } from "../errors.ts";
import { newId } from "../ids.ts";
import { type Answer, problemAnswer, toProblem } from "./answer.ts";
import { corsHeaders, preflight } from "./cors.ts";
import type { RawRequest } from "./parse.ts";
import { VIEWER_PLACE_HEADERS, viewerPlace } from "./place.ts";

/** What the front (CloudFront) writes into every request that it passes on, over whatever a client sent by these names. */
export const FRONT_SECRET_HEADER = "x-front-secret";
export const VIEWER_ADDRESS_HEADER = "x-viewer-address";
export const VIEWER_HOST_HEADER = "x-viewer-host";

const FRONT_HEADERS: ReadonlySet<string> = new Set([
  FRONT_SECRET_HEADER,
  VIEWER_ADDRESS_HEADER,
  VIEWER_HOST_HEADER,
  ...Object.values(VIEWER_PLACE_HEADERS),
]);

/** How requests come here. */
export interface Front {
  /** What only our front knows; undefined where there is none, on a laptop. */
  readonly secret: string | undefined;
  /** Whether it says where a viewer is; where it does not, headers by those names are a client's own. */
  readonly says_place: boolean;
  /** Origins whose pages may call the API from a browser, beside our own; `https://console.example.com`. */
  readonly origins: readonly string[];
}

/** The front as the function's settings describe it. */
export function connectFront(environment?: Environment): Front {
  const { STAGE, FRONT_SECRET, SIGN_IN_PLACE, BROWSER_ORIGINS } = readSettings(
    ["STAGE", "FRONT_SECRET", "SIGN_IN_PLACE", "BROWSER_ORIGINS"],
    environment,
  );
  if (STAGE !== "local" && FRONT_SECRET === undefined)
    throw new Error("FRONT_SECRET is needed wherever the API is deployed: without it source addresses could be forged");
  return { secret: FRONT_SECRET, says_place: SIGN_IN_PLACE, origins: BROWSER_ORIGINS };
}

/**
 * The gateway's event (HTTP API or function URL, payload 2.0) as a plain request. Its address is the connection's, or
 * what the front saw when the request proves that it came through the front; headers of a client never decide. The place
 * of the address is what the front says of it, where it does.
 * @throws Problem `misdirected_request` when it did not come through the front although there is one
 */
export function toRequest(event: APIGatewayProxyEventV2, front: Front): RawRequest {
  const sent: Record<string, string> = {};
  const fronts: Record<string, string> = {};
  for (const name in event.headers) {
    const value = event.headers[name];
    const lower = name.toLowerCase();
    if (value !== undefined) (FRONT_HEADERS.has(lower) ? fronts : sent)[lower] = value;
  }
  const { [FRONT_SECRET_HEADER]: secret, [VIEWER_ADDRESS_HEADER]: viewer, [VIEWER_HOST_HEADER]: host } = fronts;
  // The HTTP API takes cookies out of the headers; a function's address and the local AWS leave them there.
  if (event.cookies !== undefined && sent.cookie === undefined) sent.cookie = event.cookies.join("; ");
  const text = bodyOf(event);
  return {
    method: event.requestContext.http.method,
    path: event.rawPath,
    query: event.rawQueryString ?? "",
    headers: sent,
    body: text,
    ...(text?.includes("\ufffd") && !isUtf8Body(event) ? { undecodable: true } : {}),
    ip: front.secret === undefined ? event.requestContext.http.sourceIp : seenByFront(front.secret, secret, viewer),
    place: front.secret !== undefined && front.says_place ? viewerPlace(fronts) : null,
    origin: front.secret === undefined ? localOrigin(sent) : `https://${host ?? ""}`,
  };
}

/** Without a front, on a laptop, the local gateway says what it is called. */
const localOrigin = (headers: RawRequest["headers"]): string =>
  `http://${headers["x-forwarded-host"] ?? headers.host ?? "localhost"}`;

const bodyOf = ({ body, isBase64Encoded }: APIGatewayProxyEventV2): string | undefined => {
  if (body === undefined || body === null) return undefined;
  return isBase64Encoded ? Buffer.from(body, "base64").toString("utf8") : body;
};

/**
 * Whether a body with the sign for what cannot be decoded was sent with it. Only the bytes tell; where the gateway has
 * decoded them already, the sign stands for bytes that are lost.
 */
const isUtf8Body = ({ body, isBase64Encoded }: APIGatewayProxyEventV2): boolean =>
  isBase64Encoded && isUtf8(Buffer.from(body ?? "", "base64"));

function seenByFront(expected: string, secret: string | undefined, viewer: string | undefined): string {
  if (secret === undefined || !sameSecret(expected, secret) || viewer === undefined || isIP(viewer) === 0)
    throw new Problem("misdirected_request", "Requests are taken through the deployment's own address only.");
  return viewer;
}

/** Compares in the same time wherever they differ; only the length, which is no secret, can be told. */
function sameSecret(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}

/** Answers one event: refuses what came past the front, answers preflights, and lets pages of known origins read. */
export async function answerEvent(
  event: APIGatewayProxyEventV2,
  front: Front,
  dispatch: (request: RawRequest) => Promise<Answer>,
): Promise<Answer> {
  let request: RawRequest;
  try {
    request = toRequest(event, front);
  } catch (error) {
    return problemAnswer(toProblem(error), newId("request", systemClock.now()));
  }
  const early = preflight(request, front.origins);
  if (early !== undefined) return early;
  const answer = await dispatch(request);
  return { ...answer, headers: { ...answer.headers, ...corsHeaders(request, answer, front.origins) } };
}
