import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { asTraceId, newTrace, readTrace, spanIdOf, traceHeaders } from "../../../shared/tracing/context.ts";

const TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736";
const SPAN_ID = "00f067aa0ba902b7";
const GIVEN = `00-${TRACE_ID}-${SPAN_ID}-01`;

const hex = (digits: number) =>
  fc
    .string({ unit: fc.constantFrom(..."0123456789abcdef"), minLength: digits, maxLength: digits })
    .filter((text) => !/^0+$/.test(text));

/** A trace that has begun here. */
const begun = { parent_span_id: null, sampled: true, state: null };

describe("traceparent", () => {
  it("names the trace and the span that a request is within", () => {
    expect(readTrace({ traceparent: GIVEN })).toEqual({
      trace_id: TRACE_ID,
      parent_span_id: SPAN_ID,
      sampled: true,
      state: null,
    });
  });

  it("round: what is sent on is read as the same trace, within the span that sent it", () => {
    fc.assert(
      fc.property(hex(32), hex(16), hex(16), fc.boolean(), (trace_id, parent, span, sampled) => {
        const traceparent = `00-${trace_id}-${parent}-0${sampled ? 1 : 0}`;
        const read = readTrace({ traceparent });
        expect(read).toEqual({ trace_id, parent_span_id: parent, sampled, state: null });
        expect(readTrace(traceHeaders(read, span))).toEqual({ ...read, parent_span_id: span });
      }),
    );
  });

  it("of flags only that of sampling is looked at", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 255 }), (flags) => {
        const traceparent = `00-${TRACE_ID}-${SPAN_ID}-${flags.toString(16).padStart(2, "0")}`;
        expect(readTrace({ traceparent }).sampled).toBe(flags % 2 === 1);
      }),
    );
  });

  it.each([
    ["of a version to come", `01-${TRACE_ID}-${SPAN_ID}-01`],
    ["of a version to come, with more behind it", `cc-${TRACE_ID}-${SPAN_ID}-01-what-else`],
    ["with blanks around it", ` \t${GIVEN} `],
  ])("is read %s", (_, traceparent) => {
    expect(readTrace({ traceparent })).toMatchObject({ trace_id: TRACE_ID, parent_span_id: SPAN_ID });
  });

  it.each([
    ["nothing", ""],
    ["version ff", `ff-${TRACE_ID}-${SPAN_ID}-01`],
    ["more than version 00 has", `${GIVEN}-more`],
    ["a later version that goes on without a dash", `01-${TRACE_ID}-${SPAN_ID}-01more`],
    ["a trace id of zeros", `00-${"0".repeat(32)}-${SPAN_ID}-01`],
    ["a span id of zeros", `00-${TRACE_ID}-${"0".repeat(16)}-01`],
    ["capitals", GIVEN.toUpperCase()],
    ["a trace id that is too short", `00-${TRACE_ID.slice(1)}-${SPAN_ID}-01`],
    ["no flags", `00-${TRACE_ID}-${SPAN_ID}`],
    ["the header twice", `${GIVEN},${GIVEN}`],
  ])("begins a new trace with %s", (_, traceparent) => {
    const read = readTrace({ traceparent, tracestate: "a=1" });
    expect(read).toMatchObject(begun);
    expect(read.trace_id).not.toBe(TRACE_ID);
  });

  it("whatever is sent, a trace has an id by the standard", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (traceparent, tracestate) => {
        const { trace_id } = readTrace({ traceparent, tracestate });
        expect(trace_id).toMatch(/^(?!0+$)[0-9a-f]{32}$/);
      }),
    );
  });

  it("new ones are never the same", () => {
    expect(newTrace().trace_id).not.toBe(newTrace().trace_id);
  });
});

describe("tracestate", () => {
  const stateOf = (tracestate: string) => readTrace({ traceparent: GIVEN, tracestate }).state;

  it.each([
    ["as it is", "congo=t61rcWkgMzE,rojo=00f067aa0ba902b7", "congo=t61rcWkgMzE,rojo=00f067aa0ba902b7"],
    ["without blanks and empty members", "a=1 ,, \t b=2,", "a=1,b=2"],
    ["with keys of several tenants", "fw529a3039@dt=FfI,0a@b=1", "fw529a3039@dt=FfI,0a@b=1"],
  ])("is passed on %s", (_, sent, kept) => {
    expect(stateOf(sent)).toBe(kept);
  });

  it.each([
    ["empty", ""],
    ["with a key that stands twice", "a=1,b=2,a=3"],
    ["with a member without a value", "a=1,b"],
    ["with an empty value", "a="],
    ["with an equals sign in a value", "a=1=2"],
    ["with capitals in a key", "A=1"],
    ["with more than 32 members", Array.from({ length: 33 }, (_, i) => `k${i}=1`).join(",")],
    ["with a line break", "a=1\nb=2"],
  ])("is dropped where it is %s, and the trace goes on", (_, sent) => {
    expect(readTrace({ traceparent: GIVEN, tracestate: sent })).toMatchObject({ trace_id: TRACE_ID, state: null });
  });

  it("takes 32 members and 512 characters; longer ones lose whole members, the longest and the last first", () => {
    const many = Array.from({ length: 32 }, (_, i) => `k${i}=1`).join(",");
    expect(stateOf(many)).toBe(many);
    const long = `long=${"x".repeat(200)}`;
    const short = Array.from({ length: 9 }, (_, i) => `k${i}=${"y".repeat(60)}`);
    expect(stateOf([long, ...short].join(","))).toBe(short.slice(0, 8).join(","));
    expect(stateOf([short[0], long].join(","))).toBe(`${short[0]},${long}`);
  });

  it("what is passed on is read as the same again", () => {
    const key = fc.stringMatching(/^[a-z][a-z0-9_\-*/]{0,20}$/);
    const value = fc.stringMatching(/^[!-+\--<>-~]{1,60}$/);
    fc.assert(
      fc.property(fc.uniqueArray(fc.tuple(key, value), { maxLength: 40, selector: ([name]) => name }), (members) => {
        const state = stateOf(members.map(([name, text]) => `${name}=${text}`).join(","));
        if (state === null) return;
        expect(state.length).toBeLessThanOrEqual(512);
        expect(stateOf(state)).toBe(state);
      }),
    );
  });
});

describe("ids of spans", () => {
  it("follow from what the span is of, and differ with it", () => {
    expect(spanIdOf(["run", "node", 1])).toMatch(/^[0-9a-f]{16}$/);
    expect(spanIdOf(["run", "node", 1])).toBe(spanIdOf(["run", "node", 1]));
    expect(new Set([["a"], ["a", 1], ["a", "1"], ["b"]].map(spanIdOf)).size).toBe(4);
  });

  it("what was kept before traces had ids of this form has one that follows from it", () => {
    expect(asTraceId(TRACE_ID)).toBe(TRACE_ID);
    expect(asTraceId("req_01JDQ4X0Z5V8W3N7K2M9R6T1BC")).toMatch(/^[0-9a-f]{32}$/);
    expect(asTraceId("a")).toBe(asTraceId("a"));
  });
});
