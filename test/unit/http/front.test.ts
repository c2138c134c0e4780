import type { APIGatewayProxyEventV2 } from "aws-lambda";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Answer } from "../../../shared/http/answer.ts";
import { answerEvent, connectFront, type Front, toRequest } from "../../../shared/http/front.ts";
import type { RawRequest } from "../../../shared/http/parse.ts";

const secret = "a secret of the deployment, 32 or more";
const behindFront: Front = { secret, says_place: false, origins: [] };
const behindOneThatSays: Front = { ...behindFront, says_place: true };
const onLaptop: Front = { ...behindFront, secret: undefined };

/** The address of the connection to the gateway: behind the front it is one of the front's own. */
const CONNECTION = "198.51.100.9";

const eventWith = (headers: Record<string, string>, method = "GET"): APIGatewayProxyEventV2 =>
  ({
    rawPath: "/api/v1/agents",
    rawQueryString: "",
    headers,
    requestContext: { http: { method, sourceIp: CONNECTION } },
    isBase64Encoded: false,
  }) as unknown as APIGatewayProxyEventV2;

const passedOn = (viewer: string, more: Record<string, string> = {}) =>
  eventWith({ ...more, "x-front-secret": secret, "x-viewer-address": viewer });

describe("the name by which we were reached", () => {
  const named = { "x-front-secret": secret, "x-viewer-address": "203.0.113.7", "x-viewer-host": "studio.example.com" };

  it("is what the front saw, whatever a client says", () => {
    const sent = { ...named, host: "evil.example", "x-forwarded-host": "evil.example" };
    expect(toRequest(eventWith(sent), behindFront).origin).toBe("https://studio.example.com");
    expect(toRequest(eventWith(sent), behindFront).headers["x-viewer-host"]).toBeUndefined();
  });

  it("is what the local gateway says on a laptop", () => {
    expect(toRequest(eventWith({ "x-forwarded-host": "127.0.0.1:8787" }), onLaptop).origin).toBe(
      "http://127.0.0.1:8787",
    );
  });
});

describe("the cookies of a request", () => {
  it("are a header, also where the HTTP API has taken them out of the headers", () => {
    const event = { ...eventWith({}), cookies: ["a=b", "c=d"] };
    expect(toRequest(event, onLaptop).headers.cookie).toBe("a=b; c=d");
    expect(toRequest(eventWith({ cookie: "a=b" }), onLaptop).headers.cookie).toBe("a=b");
  });
});

describe("the source address of a request", () => {
  it.each(["203.0.113.7", "2001:db8::7"])(
    "is what the front saw (%s), when the request proves that it came through",
    (ip) => {
      expect(toRequest(passedOn(ip), behindFront).ip).toBe(ip);
    },
  );

  const claims = {
    "x-viewer-address": "203.0.113.1",
    "x-forwarded-for": "203.0.113.2",
    "x-real-ip": "203.0.113.3",
    "true-client-ip": "203.0.113.4",
    "cloudfront-viewer-address": "203.0.113.5:443",
    forwarded: "for=203.0.113.6",
  };

  it("never comes from a header that a client can send", () => {
    const { "x-viewer-address": _, ...sent } = claims;
    expect(toRequest(passedOn("192.0.2.1", sent), behindFront).ip).toBe("192.0.2.1");
    expect(toRequest(eventWith(claims), onLaptop).ip).toBe(CONNECTION);
    expect(toRequest(eventWith({ ...claims, "x-front-secret": secret }), onLaptop).ip).toBe(CONNECTION);
  });

  it.each([
    ["no secret", claims],
    ["an empty secret", { ...claims, "x-front-secret": "" }],
    ["another secret", { ...claims, "x-front-secret": `${secret}!` }],
    ["the secret twice", { ...claims, "x-front-secret": `${secret},${secret}` }],
    ["the secret but no address", { "x-front-secret": secret }],
    ["the secret and no address but text", { "x-front-secret": secret, "x-viewer-address": "203.0.113.7, 10.0.0.1" }],
  ])("is not guessed: a request past the front with %s is refused", (_, headers) => {
    expect(() => toRequest(eventWith(headers), behindFront)).toThrow(
      expect.objectContaining({ code: "misdirected_request", status: 421 }),
    );
  });

  it("is never another one for any secret that is not the deployment's", () => {
    fc.assert(
      fc.property(fc.string(), fc.ipV4(), (guess, address) => {
        fc.pre(guess !== secret);
        expect(() =>
          toRequest(eventWith({ "x-front-secret": guess, "x-viewer-address": address }), behindFront),
        ).toThrow();
      }),
    );
  });

  it("stands alone: neither the secret nor the address is among the headers that handlers and logs see", () => {
    const { headers } = toRequest(passedOn("203.0.113.7", { "User-Agent": "curl" }), behindFront);
    expect(headers).toEqual({ "user-agent": "curl" });
  });
});

describe("the place of that address", () => {
  const there = {
    "CloudFront-Viewer-Country": "DE",
    "CloudFront-Viewer-Country-Region": "BY",
    "CloudFront-Viewer-City": "M%C3%BCnchen",
  };

  it("is what the front says of it, and is none of the headers that handlers see", () => {
    const { place, headers } = toRequest(passedOn("203.0.113.7", there), behindOneThatSays);
    expect(place).toEqual({ country: "DE", region: "BY", city: "München" });
    expect(headers).toEqual({});
  });

  it.each([
    ["without a front", eventWith(there), onLaptop],
    ["without a front, whatever its settings say", eventWith(there), { ...onLaptop, says_place: true }],
    ["behind a front that does not say it", passedOn("203.0.113.7", there), behindFront],
  ])("is nothing %s, whatever a client says of it", (_, event, front) => {
    const { place, headers } = toRequest(event, front);
    expect([place, headers]).toEqual([null, {}]);
  });

  it("is not read where a request came past the front", () => {
    const sent = eventWith({ ...there, "x-viewer-address": "203.0.113.7" });
    expect(() => toRequest(sent, behindOneThatSays)).toThrow(expect.objectContaining({ status: 421 }));
  });

  it.each([
    ["no country", { "cloudfront-viewer-city": "Berlin" }, null],
    ["a country that is none", { "cloudfront-viewer-country": "Germany" }, null],
    ["a country alone", { "cloudfront-viewer-country": "FR" }, { country: "FR", region: null, city: null }],
    [
      "a city that is an address of the web",
      { "cloudfront-viewer-country": "FR", "cloudfront-viewer-city": "https://evil.example" },
      { country: "FR", region: null, city: null },
    ],
    [
      "a city and a region that cannot be read",
      {
        "cloudfront-viewer-country": "FR",
        "cloudfront-viewer-city": "%E0%A4%A",
        "cloudfront-viewer-country-region": "?",
      },
      { country: "FR", region: null, city: null },
    ],
    [
      "a city of several words",
      { "cloudfront-viewer-country": "US", "cloudfront-viewer-city": "St. John's (West)" },
      { country: "US", region: null, city: "St. John's (West)" },
    ],
  ])("with %s is as much of it as can be told", (_, sent, place) => {
    expect(toRequest(passedOn("203.0.113.7", sent), behindOneThatSays).place).toEqual(place);
  });
});

describe("settings of the front", () => {
  it.each(["development", "staging", "production"])("stage %s does not start without the secret", (STAGE) => {
    expect(() => connectFront({ STAGE })).toThrow(/FRONT_SECRET/);
    expect(connectFront({ STAGE, FRONT_SECRET: secret })).toEqual({ secret, says_place: false, origins: [] });
  });

  it("a laptop has no front", () => {
    expect(connectFront({ STAGE: "local" })).toEqual({ secret: undefined, says_place: false, origins: [] });
  });

  it("it says where a viewer is only where the deployment wants it", () => {
    const said = (SIGN_IN_PLACE: string) => connectFront({ STAGE: "production", FRONT_SECRET: secret, SIGN_IN_PLACE });
    expect([said("true").says_place, said("false").says_place]).toEqual([true, false]);
    expect(() => said("yes")).toThrow(/SIGN_IN_PLACE/);
  });

  it("origins are listed with commas", () => {
    expect(connectFront({ STAGE: "local", BROWSER_ORIGINS: "https://a.example,https://b.example" }).origins).toEqual([
      "https://a.example",
      "https://b.example",
    ]);
  });
});

describe("a request past the front", () => {
  it("is answered by a problem that says where to go, and reaches no operation", async () => {
    const answer = await answerEvent(eventWith({}), behindFront, () => Promise.reject(new Error("reached")));
    expect(answer.status).toBe(421);
    expect(answer.headers["content-type"]).toBe("application/problem+json");
    expect(JSON.parse(answer.body as string)).toMatchObject({
      code: "misdirected_request",
      request_id: answer.headers["x-request-id"],
    });
  });
});

describe("pages of other origins", () => {
  const console = "https://console.example.com";
  const open: Front = { ...onLaptop, origins: [console] };
  const dispatch = async (request: RawRequest): Promise<Answer> => ({
    status: request.method === "OPTIONS" ? 405 : 401,
    headers: { "content-type": "application/problem+json", vary: "accept-encoding" },
    body: "{}",
  });
  const asked = (origin: string) => eventWith({ Origin: origin, "Access-Control-Request-Method": "PATCH" }, "OPTIONS");

  it("of a named origin may call: the browser's question is answered without an operation", async () => {
    const answer = await answerEvent(asked(console), open, () => Promise.reject(new Error("reached")));
    expect(answer).toMatchObject({ status: 204, body: "" });
    expect(answer.headers["access-control-allow-origin"]).toBe(console);
    expect(answer.headers["access-control-allow-methods"]).toContain("PATCH");
    for (const header of [
      "authorization",
      "content-type",
      "idempotency-key",
      "if-match",
      "organization-id",
      "last-event-id",
    ])
      expect(answer.headers["access-control-allow-headers"]?.split(", ")).toContain(header);
  });

  it("of a named origin may read answers, refusals too, and the headers that the API speaks of", async () => {
    const { headers } = await answerEvent(eventWith({ origin: console }), open, dispatch);
    expect(headers["access-control-allow-origin"]).toBe(console);
    for (const header of ["etag", "location", "retry-after", "ratelimit-remaining", "x-request-id"])
      expect(headers["access-control-expose-headers"]?.split(", ")).toContain(header);
    expect(headers.vary).toBe("accept-encoding, origin");
    expect(headers).not.toHaveProperty("access-control-allow-credentials");
  });

  it.each([
    "https://evil.example",
    "https://console.example.com.evil.example",
    "http://console.example.com",
    "null",
    "*",
  ])("of the unknown origin %s may not", async (origin) => {
    const [question, reading] = await Promise.all([
      answerEvent(asked(origin), open, dispatch),
      answerEvent(eventWith({ origin }), open, dispatch),
    ]);
    expect(question.status).toBe(405);
    for (const { headers } of [question, reading]) {
      expect(headers).not.toHaveProperty("access-control-allow-origin");
      expect(headers.vary).toBe("accept-encoding, origin");
    }
  });

  it("may not where the deployment names no origin", async () => {
    const answer = await answerEvent(eventWith({ origin: console }), onLaptop, dispatch);
    expect(answer.headers).toEqual({ "content-type": "application/problem+json", vary: "accept-encoding" });
  });

  it("are not asked about by a program: an OPTIONS request without the browser's question is a request", async () => {
    const answer = await answerEvent(eventWith({ origin: console }, "OPTIONS"), open, dispatch);
    expect(answer.status).toBe(405);
  });
});
