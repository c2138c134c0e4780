import { describe, expect, it } from "vitest";
import { requireOperator } from "../../../shared/access/operators.ts";
import { Problem } from "../../../shared/errors.ts";
import type { Session } from "../../../shared/identity/items.ts";
import { signInMethods } from "../../../shared/identity/settings.ts";

const operator = { user_id: "usr_01JDQ4X0Z5V8W3N7K2M9R6T1BC", email: "op@example.com", granted_at: "2026-01-01" };
const session = (how: Pick<Session, "method" | "second_factor">) => how as Session;

function refusal(...who: Parameters<typeof requireOperator>): string | undefined {
  try {
    requireOperator(...who);
    return undefined;
  } catch (error) {
    return error instanceof Problem ? error.code : String(error);
  }
}

describe("an operator", () => {
  it.each(signInMethods.filter((method) => method !== "password"))("does nothing with a sign-in by %s", (method) => {
    expect(refusal(operator, session({ method, second_factor: true }))).toBe("sign_in_method_not_allowed");
  });

  it("has signed in with a password, and has a second factor", () => {
    expect(refusal(operator, session({ method: "password", second_factor: true }))).toBeUndefined();
    expect(refusal(operator, session({ method: "password", second_factor: false }))).toBe("mfa_enrolment_required");
    expect(refusal(undefined, session({ method: "password", second_factor: true }))).toBe("forbidden");
    expect(refusal(operator, undefined)).toBe("forbidden");
  });
});
