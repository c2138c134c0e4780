import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { certificateMail } from "../../../functions/sso/saml/mails.ts";
import type { Warned } from "../../../functions/sso/saml/model.ts";
import { dueWarning, nextLook } from "../../../functions/sso/saml/rules/expiry.ts";

const DAY_MS = 86_400_000;
const start = new Date("2026-01-01T00:00:00.000Z");
const day = (count: number) => new Date(start.getTime() + count * DAY_MS);
const time = (count: number) => day(count).toISOString();

const provider = (
  ends: number,
  { metadata_url = null, begins = -10 }: { metadata_url?: string | null; begins?: number } = {},
) => ({
  certificates_expire_at: time(ends),
  certificates: [{ fingerprint: "a", not_before: time(begins), not_after: time(ends) }],
  metadata_url,
});

/** Looks whenever it is time, as the due function does. @returns the days on which was warned, and of how many */
function life(one: ReturnType<typeof provider>, from: number): [number, number][] {
  const warnings: [number, number][] = [];
  let warned: Warned | null = null;
  let at: Date | undefined = nextLook(one, warned, day(from));
  for (let looks = 0; at !== undefined && looks < 2_000 && at <= day(1_000); looks++) {
    const days = dueWarning(one, warned, at);
    if (days !== undefined) {
      warnings.push([(at.getTime() - start.getTime()) / DAY_MS, days]);
      warned = { expires_at: one.certificates_expire_at, days };
    }
    at = nextLook(one, warned, at);
  }
  return warnings;
}

describe("the end of certificates", () => {
  it("is warned of 30 and 7 days ahead, and when it is there", () => {
    const three: [number, number][] = [
      [70, 30],
      [93, 7],
      [100, 0],
    ];
    expect(life(provider(100), 0)).toEqual(three);
    expect(life(provider(100, { metadata_url: "https://login.example.com" }), 0)).toEqual(three);
  });

  it("is warned of at once where it is near already, once", () => {
    expect(life(provider(20), 0)).toEqual([
      [0, 30],
      [13, 7],
      [20, 0],
    ]);
    expect(life(provider(3), 0)).toEqual([
      [0, 7],
      [3, 0],
    ]);
    expect(life(provider(-1), 0)).toEqual([[0, 0]]);
  });

  it("is warned of anew where other certificates have come", () => {
    const warned = { expires_at: time(100), days: 0 };
    expect(dueWarning(provider(130), warned, day(100))).toBe(30);
    expect(dueWarning(provider(300), warned, day(100))).toBeUndefined();
  });

  it("is never warned of twice, too early, or in another order", () => {
    fc.assert(
      fc.property(fc.integer({ min: -5, max: 900 }), fc.boolean(), (ends, byUrl) => {
        const warnings = life(provider(ends, { metadata_url: byUrl ? "https://a.example" : null }), 0);
        const left = warnings.map(([, days_left]) => days_left);
        expect(left).toEqual([...new Set(left)].sort((a, b) => b - a));
        expect(left.at(-1)).toBe(0);
        for (const [at, days_left] of warnings) expect(ends - at).toBeLessThanOrEqual(days_left);
      }),
    );
  });
});

describe("a provider", () => {
  it("with an address is looked at each day, others when something begins or ends", () => {
    expect(nextLook(provider(400, { metadata_url: "https://a.example" }), null, day(0))).toEqual(day(1));
    expect(nextLook(provider(400), null, day(0))).toEqual(day(370));
    expect(nextLook(provider(400, { begins: 5 }), null, day(0))).toEqual(day(5));
    expect(nextLook(provider(400), { expires_at: time(400), days: 0 }, day(401))).toBeUndefined();
  });
});

describe("the mail", () => {
  const about = { connection: "Directory", organization: "Acme", ends_on: "2026-02-01", by_itself: false };
  it.each([
    [30, /ends in 30 days/, /expires on 2026-02-01/],
    [0, /Nobody signs in/, /has expired on 2026-02-01/],
  ] as const)("%d days ahead says so", (days_left, subject, text) => {
    const mail = certificateMail.en({ ...about, days_left });
    expect(mail.subject).toMatch(subject);
    expect(mail.lines.join("\n")).toMatch(text);
    expect(mail.lines.join("\n")).toContain("upload its metadata again");
    expect(certificateMail.en({ ...about, days_left, by_itself: true }).lines.join("\n")).toContain("by itself");
  });
});
