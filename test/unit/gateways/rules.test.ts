import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type Addresses,
  addressProblem,
  healthAddress,
  healthHostProblem,
  leadsElsewhere,
  withoutSlash,
} from "../../../functions/gateways/rules/address.ts";
import { liveKeys, rotated } from "../../../functions/gateways/rules/keys.ts";
import { percentile, summaryOf } from "../../../functions/gateways/rules/latency.ts";

const at = (api_url: string, health_check_url: string | null = null, allow_other_health_host = false): Addresses => ({
  api_url,
  health_check_url,
  allow_other_health_host,
});
const API = "https://agents.example.com";

describe("the address of a gateway", () => {
  it.each([
    [`${API}/`, API],
    [`${API}//`, API],
    [`${API}/base/`, `${API}/base`],
    [`${API}/base`, `${API}/base`],
  ])("%s is kept without a slash at its end", (given, kept) => expect(withoutSlash(new URL(given))).toBe(kept));

  it("has no query and no fragment, not even empty ones", () => {
    for (const bad of [`${API}?x=1`, `${API}/?`, `${API}#`, `${API}/a#b`])
      expect(addressProblem(bad)).toMatch(/no query/);
    expect(addressProblem(`${API}/a%3Fb`)).toBeUndefined();
  });

  it("for checks is /health behind it, unless another is given", () => {
    expect(healthAddress(at(`${API}/base`))).toBe(`${API}/base/health`);
    expect(healthAddress(at(API, `${API}:8443/live`))).toBe(`${API}:8443/live`);
  });

  it("for checks is of the same host, unless another one is allowed", () => {
    expect(healthHostProblem(at(API))).toBeUndefined();
    expect(healthHostProblem(at(API, "https://agents.example.com:8443/live"))).toBeUndefined();
    for (const other of ["https://example.com/health", "https://agents.example.com.evil.example/health"]) {
      expect(healthHostProblem(at(API, other))).toMatch(/allow_other_health_host/);
      expect(healthHostProblem(at(API, other, true))).toBeUndefined();
    }
  });

  it("leads a key elsewhere by another server only: host, port or scheme", () => {
    const before = at(API, `${API}:8443/live`);
    for (const same of [at(`${API}/v2`), at(API, `${API}/health`), at(API), before])
      expect([same, leadsElsewhere(before, same)]).toEqual([same, false]);
    for (const other of [at("https://other.example.com"), at(API, `${API}:9443/live`), at("http://agents.example.com")])
      expect([other, leadsElsewhere(before, other)]).toEqual([other, true]);
  });
});

describe("the keys of a gateway", () => {
  const key = (name: string, expires_at: string | null = null) => ({
    sealed: name,
    set_at: "2026-01-01T00:00:00.000Z",
    expires_at,
  });
  const [noon, evening] = ["2026-01-01T12:00:00.000Z", "2026-01-01T18:00:00.000Z"];

  it("are the present one, and the one before it until its overlap ends", () => {
    const keys = [key("b"), key("a", noon)];
    expect(liveKeys(keys, new Date("2026-01-01T11:59:59.999Z"))).toEqual(keys);
    expect(liveKeys(keys, new Date(noon))).toEqual([key("b")]);
  });

  it("are two at most: a rotation forgets what was before the present one", () => {
    const next = { ...key("c"), set_at: noon };
    expect(rotated([key("b"), key("a", evening)], next, evening)).toEqual([next, key("b", evening)]);
    expect(rotated([key("b"), key("a", evening)], next, noon)).toEqual([next]);
  });
});

describe("what checks say together", () => {
  const check = (i: number, result: "healthy" | "degraded" | "unhealthy", response_time_ms: number | null) => ({
    at: new Date(i * 60_000).toISOString(),
    result,
    response_time_ms,
  });

  it("is nothing without any", () => {
    expect(summaryOf([])).toEqual({
      checks: 0,
      first_at: null,
      last_at: null,
      results: { healthy: 0, degraded: 0, unhealthy: 0 },
      availability: null,
      response_time_ms: null,
    });
  });

  it("counts as available what answered well or worse, and measures what answered at all", () => {
    const checks = [
      check(0, "healthy", 30),
      check(1, "degraded", 10),
      check(2, "unhealthy", null),
      check(3, "healthy", 20),
    ];
    expect(summaryOf(checks)).toEqual({
      checks: 4,
      first_at: "1970-01-01T00:00:00.000Z",
      last_at: "1970-01-01T00:03:00.000Z",
      results: { healthy: 2, degraded: 1, unhealthy: 1 },
      availability: 0.75,
      response_time_ms: { p50: 20, p95: 30, p99: 30 },
    });
    expect(summaryOf([check(0, "unhealthy", null)])).toMatchObject({ availability: 0, response_time_ms: null });
  });

  it("has percentiles that are values, which so large a share does not exceed", () =>
    fc.assert(
      fc.property(
        fc.array(fc.nat(10_000), { minLength: 1, maxLength: 500 }),
        fc.constantFrom(0.5, 0.95, 0.99),
        (values, share) => {
          const sorted = values.toSorted((a, b) => a - b);
          const value = percentile(sorted, share);
          expect(sorted).toContain(value);
          expect(sorted.filter((one) => one <= value).length).toBeGreaterThanOrEqual(share * sorted.length);
          expect(sorted.filter((one) => one < value).length).toBeLessThan(share * sorted.length);
        },
      ),
    ));
});
