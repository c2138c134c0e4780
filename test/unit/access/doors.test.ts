import { describe, expect, it } from "vitest";
import { type Presence, refusalAtTheDoor, takesMethod } from "../../../shared/access/doors.ts";
import { platformProviders } from "../../../shared/identity/platform-providers.ts";
import { type SecuritySettings, signInMethods } from "../../../shared/identity/settings.ts";

const at = new Date("2026-01-02T12:00:00.000Z");
const OURS = "org_01JDQ4X0Z5V8W3N7K2M9R6T1BC";
const THEIRS = "org_01JDQ4X0Z5V8W3N7K2M9R6T1BD";
/** A sign-in through a provider of one organization. */
const through = (connection_organization_id: string) => ({ method: "sso", connection_organization_id }) as const;
const session = {
  user_id: "usr_1",
  method: "password",
  connection_organization_id: undefined,
  second_factor: false,
  created_at: "2026-01-02T10:00:00.000Z",
  last_seen_at: "2026-01-02T11:40:00.000Z",
  longest_idle_seconds: 0,
} as const;
const presence: Presence = { ip: "192.0.2.7", session };
const refusal = (security: Partial<SecuritySettings>, who: Presence = presence) =>
  refusalAtTheDoor({ id: OURS, settings: { security } }, who, at)?.code;

describe("what an organization's security settings refuse", () => {
  it("is nothing where nothing was set", () => {
    expect(refusal({})).toBeUndefined();
    expect(refusal({}, { ip: "unknown", session: undefined })).toBeUndefined();
  });

  it("are addresses outside of its networks, whoever comes from there", () => {
    const inside = { allowed_addresses: ["192.0.2.0/24"] };
    const outside = { allowed_addresses: ["198.51.100.0/24", "2001:db8::/32"] };
    expect([refusal(inside), refusal(outside)]).toEqual([undefined, "address_not_allowed"]);
    expect(refusal(outside, { ip: "192.0.2.7", session: undefined })).toBe("address_not_allowed");
    expect(refusal(inside, { ip: "", session })).toBe("address_not_allowed");
    expect(refusal({ allowed_addresses: [] })).toBeUndefined();
  });

  it("are sign-ins by another method", () => {
    expect(refusal({ sign_in_methods: ["sso"] })).toBe("sign_in_method_not_allowed");
    expect(refusal({ sign_in_methods: ["password"] })).toBeUndefined();
    expect(refusal({ sign_in_methods: ["password"] }, { ...presence, session: { ...session, ...through(OURS) } })).toBe(
      "sign_in_method_not_allowed",
    );
  });

  it("are all passwords where sign-in through a provider is enforced, but for one owner's with a second factor", () => {
    const enforced = (break_glass_user_id: string, who: object = {}) =>
      refusalAtTheDoor(
        { id: OURS, settings: { security: { sign_in_methods: ["password"] } }, break_glass_user_id },
        { ...presence, session: { ...session, ...who } },
        at,
      )?.code;
    expect(enforced("usr_2")).toBe("sign_in_method_not_allowed");
    expect(enforced("usr_2", { second_factor: true })).toBe("sign_in_method_not_allowed");
    expect(enforced("usr_2", through(OURS))).toBeUndefined();
    expect(enforced("usr_1", { second_factor: true })).toBeUndefined();
    expect(enforced("usr_1")).toBe("mfa_enrolment_required");
    expect(enforced("usr_1", through(OURS))).toBeUndefined();
    for (const who of ["usr_1", "usr_2"])
      expect(enforced(who, { ...through(THEIRS), second_factor: true })).toBe("sign_in_method_not_allowed");
  });

  it("are sign-ins that are older than it allows", () => {
    expect(refusal({ session_lifetime_hours: 2 })).toBeUndefined();
    expect(refusal({ session_lifetime_hours: 1 })).toBe("session_too_old");
  });

  it("are sessions that were idle for longer, now or at any time since the last proof", () => {
    expect(refusal({ idle_timeout_minutes: 20 })).toBeUndefined();
    expect(refusal({ idle_timeout_minutes: 19 })).toBe("session_idle");
    const before = { ...session, last_seen_at: "2026-01-02T11:59:00.000Z", longest_idle_seconds: 1_201 };
    expect(refusal({ idle_timeout_minutes: 20 }, { ...presence, session: before })).toBe("session_idle");
    expect(refusal({ idle_timeout_minutes: null }, { ...presence, session: before })).toBeUndefined();
  });

  it("are passwords without a second factor; a provider has asked for its own", () => {
    expect(refusal({ require_mfa: true })).toBe("mfa_enrolment_required");
    expect(refusal({ require_mfa: true }, { ...presence, session: { ...session, second_factor: true } })).toBe(
      undefined,
    );
    expect(refusal({ require_mfa: true }, { ...presence, session: { ...session, ...through(OURS) } })).toBeUndefined();
  });

  it("are sign-ins through another organization's provider where a password alone would not do", () => {
    const foreign = { ...presence, session: { ...session, ...through(THEIRS), second_factor: true } };
    expect(refusal({}, foreign)).toBeUndefined();
    expect(refusal({ require_mfa: true }, foreign)).toBe("sign_in_method_not_allowed");
    expect(refusal({ sign_in_methods: ["sso"] }, foreign)).toBe("sign_in_method_not_allowed");
    expect(refusal({ sign_in_methods: ["sso"] }, { ...presence, session: { ...session, ...through(OURS) } })).toBe(
      undefined,
    );
  });

  it.each(platformProviders)(
    "are sign-ins with %s where it is not allowed, or a second factor is asked for",
    (method) => {
      const everybodys = { ...presence, session: { ...session, method, second_factor: true } };
      const others = signInMethods.filter((one) => one !== method);
      expect(refusal({}, everybodys)).toBeUndefined();
      expect(refusal({ sign_in_methods: ["password", method] }, everybodys)).toBeUndefined();
      expect(refusal({ sign_in_methods: others }, everybodys)).toBe("sign_in_method_not_allowed");
      expect(refusal({ require_mfa: true }, everybodys)).toBe("sign_in_method_not_allowed");
      // As a password is refused: it is nobody's own provider, whoever they are.
      const enforced = { id: OURS, settings: { security: {} }, break_glass_user_id: session.user_id };
      expect(refusalAtTheDoor(enforced, everybodys, at)?.code).toBe("sign_in_method_not_allowed");
      expect(takesMethod({ settings: { security: {} } }, method)).toBe(true);
      for (const security of [{ require_mfa: true }, { sign_in_methods: others }])
        expect(takesMethod({ settings: { security } }, method)).toBe(false);
      expect(takesMethod(enforced, method)).toBe(false);
    },
  );

  it("is nothing of somebody without a session but the address", () => {
    const all = { require_mfa: true, sign_in_methods: ["sso" as const], session_lifetime_hours: 1 };
    expect(refusal(all, { ip: "192.0.2.7", session: undefined })).toBeUndefined();
  });
});
