import { describe, expect, it } from "vitest";
import {
  type Domain,
  FAILED_CHECK_SECONDS,
  LOST_CHECK_SECONDS,
  MAIL_PROOF_SECONDS,
  PENDING_CHECK_SECONDS,
  RECHECK_SECONDS,
  RETRY_SECONDS,
  SILENCE_SECONDS,
} from "../../../functions/domains/model.ts";
import { type Seen, seenIn, verdict } from "../../../functions/domains/proving/rules/judge.ts";
import { addSeconds, timestamp } from "../../../shared/clock.ts";

const start = new Date("2026-03-01T12:00:00.000Z");
const DAY = 86_400;
const days = (count: number) => addSeconds(start, count * DAY);

const claimed: Domain = {
  id: "dom_01JDQ4X0Z5V8W3N7K2M9R6T1BC",
  organization_id: "org_01JDQ4X0Z5V8W3N7K2M9R6T1BC",
  domain: "acme.com",
  status: "pending",
  method: null,
  auto_join: true,
  default_role: "viewer",
  expires_at: timestamp(days(7)),
  verified_at: null,
  last_checked_at: null,
  last_check: null,
  lost_since: null,
  created_by: "usr_01JDQ4X0Z5V8W3N7K2M9R6T1BC",
  created_at: timestamp(start),
  updated_at: timestamp(start),
  challenge: "c".repeat(43),
  proved_at: null,
  warned_days_left: null,
  link: null,
  etag: "e",
};
const verified: Domain = {
  ...claimed,
  status: "verified",
  method: "dns",
  expires_at: null,
  verified_at: timestamp(start),
  proved_at: timestamp(start),
};
const by = (method: "email" | "operator"): Domain => ({ ...verified, method });
const looked = (domain: Domain, seen: Seen, now: Date): Domain => ({ ...domain, ...verdict(domain, seen, now).set });

describe("what stands in DNS", () => {
  const value = `kaizen-domain-verification=${claimed.challenge}`;
  it("proves by the one value, whatever else is there and white space around it", () => {
    expect(seenIn(claimed, ["v=spf1 -all", ` ${value} `])).toBe("found");
    for (const texts of [[], ["v=spf1"], [`${value}x`], [value.toUpperCase()], [value.slice(0, -1)]])
      expect(seenIn(claimed, texts)).toBe("missing");
    expect(seenIn(claimed, undefined)).toBe("unavailable");
  });
});

describe("a claim", () => {
  it("is looked at every hour and proved by what is found", () => {
    expect(verdict(claimed, "missing", start)).toMatchObject({
      tell: undefined,
      next: addSeconds(start, PENDING_CHECK_SECONDS),
    });
    const { set, tell, next } = verdict(claimed, "found", days(3));
    expect(set).toMatchObject({ status: "verified", method: "dns", verified_at: timestamp(days(3)), expires_at: null });
    expect([tell, next]).toEqual(["verified", addSeconds(days(3), RECHECK_SECONDS)]);
  });

  it.each(["found", "missing", "unavailable"] as const)("ends after seven days, also with the record %s", (seen) => {
    const { set, tell, next } = verdict(claimed, seen, days(7));
    expect([set.status, tell, next]).toEqual(["expired", "expired", undefined]);
    const last = verdict(claimed, "missing", addSeconds(days(7), -60));
    expect(last.next).toEqual(days(7));
  });

  it("that has ended is proved by nothing", () => {
    const ended: Domain = { ...claimed, status: "expired" };
    for (const seen of ["found", "missing"] as const)
      expect(verdict(ended, seen, days(8))).toMatchObject({ tell: undefined, next: undefined });
  });
});

describe("a proved domain", () => {
  it("is looked at again after a month", () => {
    const { set, tell, next } = verdict(verified, "found", days(30));
    expect(set).toMatchObject({ proved_at: timestamp(days(30)), lost_since: null });
    expect([tell, next]).toEqual([undefined, addSeconds(days(30), RECHECK_SECONDS)]);
  });

  it("whose record is gone: owners are told on the first day, at 7, 3 and 1 days left, and after 14 it has failed", () => {
    let domain = verified;
    const told: [number, string | undefined][] = [];
    for (let day = 30; day <= 44; day++) {
      const { set, tell, next } = verdict(domain, "missing", days(day));
      domain = { ...domain, ...set };
      if (tell !== undefined) told.push([day, tell]);
      expect(next).toEqual(addSeconds(days(day), day === 44 ? FAILED_CHECK_SECONDS : LOST_CHECK_SECONDS));
      // Asked again at once, nobody is told twice.
      if (tell === "proof_lost") expect(verdict(domain, "missing", days(day)).tell).toBeUndefined();
    }
    expect(told).toEqual([
      [30, "proof_lost"],
      [37, "proof_lost"],
      [41, "proof_lost"],
      [43, "proof_lost"],
      [44, "failed"],
    ]);
    expect([domain.status, domain.auto_join]).toEqual(["failed", true]);
    const back = verdict(domain, "found", days(60));
    expect([back.set.status, back.tell, back.set.lost_since, back.set.warned_days_left]).toEqual([
      "verified",
      "verified",
      null,
      null,
    ]);
  });

  it("whose record comes back in time is as it was", () => {
    const lost = looked(verified, "missing", days(30));
    const { set, tell, next } = verdict(lost, "found", days(33));
    expect(set).toMatchObject({ lost_since: null, warned_days_left: null });
    expect([set.status, tell, next]).toEqual([undefined, "proof_found", addSeconds(days(33), RECHECK_SECONDS)]);
  });

  it("loses nothing by silent name servers for a week, and by no answer while it is lost everything", () => {
    const { set, tell, next } = verdict(verified, "unavailable", days(30));
    expect([set.lost_since, tell, next]).toEqual([undefined, undefined, addSeconds(days(30), RETRY_SECONDS)]);
    const late = addSeconds(start, RECHECK_SECONDS + SILENCE_SECONDS);
    expect(verdict(verified, "unavailable", late)).toMatchObject({ tell: "proof_lost" });
    const lost = looked(verified, "missing", days(30));
    expect(verdict(lost, "unavailable", days(44)).tell).toBe("failed");
  });

  it("by mail holds for a year without a record, by an operator's word for good", () => {
    const year = addSeconds(start, MAIL_PROOF_SECONDS);
    expect(verdict(by("email"), "missing", addSeconds(year, -1)).tell).toBeUndefined();
    expect(verdict(by("email"), "missing", year).tell).toBe("proof_lost");
    expect(verdict(by("operator"), "missing", addSeconds(year, MAIL_PROOF_SECONDS)).tell).toBeUndefined();
    // The record counts from then on.
    expect(verdict(by("email"), "found", year).set).toMatchObject({ method: "dns", proved_at: timestamp(year) });
  });
});
