import { describe, expect, it } from "vitest";
import type { Problem } from "../../../shared/errors.ts";
import { requireFreshProof } from "../../../shared/http/step-up.ts";

const at = new Date("2026-01-01T12:00:00.000Z");
const provedAgo = (seconds: number, method: "password" | "sso" = "password", second_factor = false) => ({
  method,
  second_factor,
  proved_at: new Date(at.getTime() - seconds * 1000).toISOString(),
});

/** What the refusal says; undefined where there is none. */
function refusal(step_up: number | undefined, session: ReturnType<typeof provedAgo>) {
  try {
    requireFreshProof(step_up === undefined ? {} : { step_up }, session, at);
  } catch (error) {
    const { code, detail, options } = error as Problem;
    return { code, detail, members: options.members };
  }
  return undefined;
}

describe("a fresh proof", () => {
  it("is asked for by operations that say so, once the last one is older than their minutes", () => {
    expect(refusal(undefined, provedAgo(1_000_000))).toBeUndefined();
    expect(refusal(10, provedAgo(600))).toBeUndefined();
    expect(refusal(10, provedAgo(601))).toMatchObject({
      code: "step_up_required",
      members: { methods: ["password"], max_age_minutes: 10 },
    });
  });

  it("is one of the second factor where the account has one", () => {
    for (const method of ["password", "sso"] as const)
      expect(refusal(10, provedAgo(601, method, true))?.members).toEqual({
        methods: ["totp", "recovery_code"],
        max_age_minutes: 10,
      });
  });

  it("is a new sign-in for whoever came through a provider", () => {
    const refused = refusal(10, provedAgo(601, "sso"));
    expect(refused?.members).toEqual({ methods: [], max_age_minutes: 10 });
    expect(refused?.detail).toContain("sign in again");
  });
});
