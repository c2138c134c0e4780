import { Buffer } from "node:buffer";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { busAddress, busEntry, busFailure, busProblem } from "../../../../functions/audit/streams/rules/bus.ts";
import { hecBody, hecFailure, hecUrl } from "../../../../functions/audit/streams/rules/hec.ts";
import { httpFailure } from "../../../../functions/audit/streams/rules/http.ts";
import { httpsBody, requestId } from "../../../../functions/audit/streams/rules/https.ts";
import {
  afterFailure,
  type Failing,
  REFUSED_FOR_MS,
  STOPS_AFTER_MS,
} from "../../../../functions/audit/streams/rules/retry.ts";
import type { Numbered } from "../../../../functions/audit/streams/rules/sent.ts";
import { marked, numbered } from "../../../../functions/audit/streams/rules/shape.ts";
import type { AuditEntry } from "../../../../shared/change/items.ts";
import { OutboundError, type OutboundErrorCode, type OutboundResult } from "../../../../shared/outbound/index.ts";

const answer = (status: number, body: unknown = "", headers: Record<string, string> = {}): OutboundResult => ({
  ok: true,
  status,
  headers,
  body: Buffer.from(typeof body === "string" ? body : JSON.stringify(body)),
  truncated: false,
});
const none = (code: OutboundErrorCode): OutboundResult => ({ ok: false, error: new OutboundError(code).failure });
const NOW = Date.parse("2026-01-31T12:00:00.000Z");

const entry: AuditEntry = {
  id: "aud_01JDQ4X0Z5V8W3N7K2M9R6T1BC",
  organization_id: "org_01JDQ4X0Z5V8W3N7K2M9R6T1BC",
  occurred_at: "2026-01-31T12:00:00.123Z",
  actor: { type: "user", id: "usr_1" },
  action: "agent.updated",
  resource: { type: "agent", id: "agt_1", name: "Zeile\none" },
  outcome: "succeeded",
  request: null,
  changes: [],
  reason: null,
};
const sent = (sequence: number): Numbered => numbered(entry, sequence, "native");

describe("what Splunk answers", () => {
  it.each([
    [200, { text: "Success", code: 0 }],
    [200, { text: "HEC is healthy", code: 17 }],
    [200, { text: "Success", code: 0, ackId: 3 }],
    // Others that speak HEC answer what they like.
    [200, "OK"],
    [201, { status: "accepted" }],
    [204, ""],
    [200, { code: "0" }],
  ])("with %i and %j says that the events were taken", (status, body) => {
    expect(hecFailure(answer(status, body), NOW)).toBeUndefined();
  });

  it.each([
    [403, 1],
    [401, 2],
    [401, 3],
    [403, 4],
    [400, 5],
    [400, 6],
    [400, 7],
    [400, 10],
    [400, 11],
    [400, 12],
    [400, 13],
    [400, 14],
    [400, 15],
    [400, 16],
    [400, 21],
    [400, 22],
    // A proxy may make any status of it.
    [200, 4],
    [503, 7],
  ])("with %i and the code %i is for somebody to change", (status, code) => {
    const failure = hecFailure(answer(status, { text: "no", code }), NOW);
    expect(failure).toMatchObject({
      kind: "refused",
      code: `hec_${code}`,
      status,
      answer: `{"text":"no","code":${code}}`,
    });
    expect(failure?.message).toMatch(/\w{4,}.*\.$/);
  });

  it.each([
    [500, 8],
    [503, 9],
    [503, 18],
    [503, 19],
    [503, 20],
    // It says of nothing that it was taken.
    [200, 9],
    [200, 99],
  ])("with %i and the code %i passes", (status, code) => {
    expect(hecFailure(answer(status, { text: "busy", code }), NOW)).toMatchObject({
      kind: "passes",
      code: `hec_${code}`,
    });
  });

  it("goes by its status where it gives no code that is known", () => {
    expect(hecFailure(answer(429, { text: "Queue at capacity", code: 26 }, { "retry-after": "7" }), NOW)).toMatchObject(
      {
        kind: "passes",
        code: "http_status_429",
        after_ms: 7_000,
      },
    );
    expect(hecFailure(answer(503, { code: 9 }, { "retry-after": "9" }), NOW)).toMatchObject({ after_ms: 9_000 });
    expect(hecFailure(answer(404, "<html>"), NOW)).toMatchObject({ kind: "refused", code: "http_status_404" });
    expect(hecFailure(answer(303, ""), NOW)).toMatchObject({ kind: "refused", code: "http_status_303" });
    expect(hecFailure(none("timeout"), NOW)).toMatchObject({ kind: "passes", code: "timeout", status: null });
  });
});

describe("what Splunk is sent", () => {
  it("is one object behind the other, times in seconds with milliseconds, and only what was set of the rest", () => {
    const all = { index: "main", source: "kaizen", sourcetype: "kaizen:audit" };
    const lines = hecBody([sent(7), sent(8)], all).split("\n");
    expect(lines.map((line) => JSON.parse(line))).toEqual(
      [7, 8].map((sequence) => ({ time: 1_769_860_800.123, ...all, event: { ...entry, sequence } })),
    );
    const bare = JSON.parse(hecBody([sent(7)], { index: null, source: null, sourcetype: null }));
    expect(Object.keys(bare)).toEqual(["time", "event"]);
  });

  it("goes to the path for events, unless another is named", () => {
    const of = (url: string) => hecUrl(new URL(url)).href;
    expect(of("https://splunk.example.com:8088")).toBe("https://splunk.example.com:8088/services/collector/event");
    expect(of("https://splunk.example.com/hec?x=1")).toBe("https://splunk.example.com/hec?x=1");
  });
});

describe("what a collector answers", () => {
  it.each([200, 201, 202, 204])("with %i says that it took all", (status) => {
    expect(httpFailure(answer(status), NOW)).toBeUndefined();
  });
  it.each([408, 425, 429, 500, 502, 503, 504, 599])("with %i passes", (status) => {
    expect(httpFailure(answer(status), NOW)).toMatchObject({ kind: "passes", code: `http_status_${status}` });
  });
  it.each([301, 302, 307, 400, 401, 403, 404, 413, 415, 422])("with %i is for somebody to change", (status) => {
    expect(httpFailure(answer(status), NOW)).toMatchObject({ kind: "refused", code: `http_status_${status}` });
  });
  it("with 410 says that it wants no more", () => {
    expect(httpFailure(answer(410, "x".repeat(1_000)), NOW)).toMatchObject({ kind: "gone", answer: "x".repeat(300) });
  });
  it.each<OutboundErrorCode>(["blocked_address", "blocked_host", "invalid_url", "request_too_large"])(
    "an address that may not be called (%s) is for somebody to change",
    (code) => {
      expect(httpFailure(none(code), NOW)).toMatchObject({ kind: "refused", code, status: null, answer: null });
    },
  );
});

describe("what a collector is sent", () => {
  it("is an entry a line, or one array, under an id that follows from the numbers", () => {
    const entries = [sent(7), sent(8)];
    const lines = httpsBody(entries, "json_lines");
    expect(lines.endsWith("\n")).toBe(true);
    const parsed = lines
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(parsed).toEqual([
      { ...entry, sequence: 7 },
      { ...entry, sequence: 8 },
    ]);
    expect(JSON.parse(httpsBody(entries, "json_array"))).toEqual(parsed);
    expect(requestId("ast_1", entries)).toBe("ast_1_7_8");
  });

  it("in OCSF carries the number too; what a test sends is marked, and has none", () => {
    expect(JSON.parse(numbered(entry, 7, "ocsf").text).metadata).toMatchObject({ uid: entry.id, sequence: 7 });
    expect(JSON.parse(marked(entry, "native").text)).toEqual({ ...entry, sequence: null, test: true });
    const test = JSON.parse(marked(entry, "ocsf").text);
    expect([test.test, test.metadata.sequence]).toEqual([true, undefined]);
  });
});

describe("a bus", () => {
  const own = "arn:aws:events:eu-central-1:111111111111:event-bus/kaizen-studio-production";

  it("of a customer is named by its ARN", () => {
    const arn = "arn:aws:events:us-gov-west-1:123456789012:event-bus/security/audit";
    expect(busAddress(arn)).toEqual({ arn, region: "us-gov-west-1", account: "123456789012", name: "security/audit" });
    expect(busProblem(arn, own)).toBeUndefined();
  });

  it.each([
    "security",
    "arn:aws:sqs:eu-central-1:123456789012:queue",
    "arn:aws:events:eu-central-1:123456789012:rule/x",
    "arn:aws:events:eu-central-1::event-bus/x",
    "arn:aws:events:*:123456789012:event-bus/x",
    "arn:aws:events:evil.example.com:123456789012:event-bus/x",
    "arn:aws:events:eu-central-1:123456789012:event-bus/*",
  ])("%s is none", (arn) => {
    expect(busProblem(arn, own)).toMatch(/must be the ARN/);
  });

  it("of the deployment's own account is refused, but for those that are made for it", () => {
    const named = (name: string) => `arn:aws:events:us-east-1:111111111111:event-bus/${name}`;
    for (const name of ["default", "kaizen-studio-production", "my-audit-streams-"])
      expect(busProblem(named(name), own)).toMatch(/audit-streams-/);
    expect(busProblem(own, own)).toMatch(/audit-streams-/);
    expect(busProblem(named("audit-streams-acme"), own)).toBeUndefined();
  });

  it("gets the entry as the detail, its action as the type, and whose it is as the source", () => {
    expect(busEntry(sent(7), entry.organization_id, "arn")).toEqual({
      EventBusName: "arn",
      Source: `kaizen-studio.audit/${entry.organization_id}`,
      DetailType: "agent.updated",
      Detail: sent(7).text,
      Time: new Date(entry.occurred_at),
    });
  });

  it("that refuses us, or what it is sent, is for somebody to change; anything else passes", () => {
    expect(busFailure("AccessDeniedException")).toMatchObject({ kind: "refused", code: "bus_AccessDeniedException" });
    expect(busFailure("ResourceNotFoundException").kind).toBe("refused");
    for (const code of ["ThrottlingException", "InternalFailure", "TimeoutError", "Oddity"])
      expect(busFailure(code)).toMatchObject({ kind: "passes", code: `bus_${code}` });
  });
});

describe("a stream that fails", () => {
  const fresh: Failing = { consecutive_failures: 0 };
  const at = (ms: number) => new Date(NOW + ms);
  const minute = 60_000;

  it("waits twice as long each time, from half a minute to a quarter of an hour", () => {
    let failing: Failing = fresh;
    const waits = Array.from({ length: 8 }, () => {
      const after = afterFailure(failing, { kind: "passes" }, { now: at(0), random: 0.5 });
      failing = after.failing;
      return (after.retry_at.getTime() - NOW) / 1_000;
    });
    expect(waits).toEqual([30, 60, 120, 240, 480, 900, 900, 900]);
  });

  it("waits as long as the destination asks, an hour at most", () => {
    const asked = (after_ms: number) =>
      afterFailure(fresh, { kind: "passes", after_ms }, { now: at(0), random: 0.5 }).retry_at.getTime() - NOW;
    expect([asked(5_000), asked(10 * minute), asked(99 * 60 * minute)]).toEqual([30_000, 10 * minute, 60 * minute]);
  });

  it("stops after three days of failures, after an hour of refusals, and at once where nobody is any more", () => {
    const since = (ms: number) => at(-ms).toISOString();
    const stop = (before: Partial<Failing>, kind: "passes" | "refused" | "gone") =>
      afterFailure({ consecutive_failures: 9, ...before }, { kind }, { now: at(0), random: 0 }).stop;
    expect(stop({ failing_since: since(STOPS_AFTER_MS - 1) }, "passes")).toBeUndefined();
    expect(stop({ failing_since: since(STOPS_AFTER_MS) }, "passes")).toBe("failing_too_long");
    const failing_since = since(2 * REFUSED_FOR_MS);
    expect(stop({ failing_since, refused_since: since(REFUSED_FOR_MS - 1) }, "refused")).toBeUndefined();
    expect(stop({ failing_since, refused_since: since(REFUSED_FOR_MS) }, "refused")).toBe("refused");
    // An outage that ends with one refusal is no hour of refusals; one that comes between them ends them.
    expect(stop({ failing_since }, "refused")).toBeUndefined();
    expect(stop({ failing_since, refused_since: since(REFUSED_FOR_MS) }, "passes")).toBeUndefined();
    expect(stop({}, "gone")).toBe("gone");
  });

  it("is tried again within a quarter of an hour and a fifth, until it stops, whatever happens", () =>
    fc.assert(
      fc.property(
        fc.array(
          fc.tuple(
            fc.constantFrom("passes" as const, "refused" as const),
            fc.double({ min: 0, max: 0.999, noNaN: true }),
          ),
        ),
        (failures) => {
          let failing: Failing = fresh;
          let now = at(0);
          for (const [kind, random] of failures) {
            const after = afterFailure(failing, { kind }, { now, random });
            const wait = after.retry_at.getTime() - now.getTime();
            expect(wait).toBeGreaterThanOrEqual(24_000);
            expect(wait).toBeLessThanOrEqual(18 * minute);
            expect(after.failing.consecutive_failures).toBe(failing.consecutive_failures + 1);
            expect(after.failing.failing_since).toBe(at(0).toISOString());
            expect(after.stop !== undefined && now.getTime() - NOW < REFUSED_FOR_MS).toBe(false);
            failing = after.failing;
            now = after.retry_at;
          }
        },
      ),
    ));
});
