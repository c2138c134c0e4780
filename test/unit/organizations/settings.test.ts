import { describe, expect, it } from "vitest";
import { settingsChange } from "../../../functions/organizations/settings/model.ts";
import { changedSettings, settingChanges } from "../../../functions/organizations/settings/rules/merge.ts";
import { MOST_NETWORKS } from "../../../shared/access/network-text.ts";
import { generalOf, notificationsOf, securityOf, UNSET } from "../../../shared/identity/settings.ts";

const wrong = (change: object) =>
  settingsChange.safeParse(change).error?.issues.map(({ path, message }) => `${path.join(".")} ${message}`) ?? [];

describe("a change of an organization's settings", () => {
  it("is written as those write it who know such things", () => {
    const change = settingsChange.parse({
      general: { timezone: "europe/berlin", language: "PT-br", theme: "dark" },
      security: {
        allowed_addresses: ["10.1.2.3/8", "10.0.0.0/8", "2001:DB8::1"],
        sign_in_methods: ["password", "password"],
      },
    });
    expect(change).toEqual({
      general: { timezone: "Europe/Berlin", language: "pt-BR", theme: "dark" },
      security: { allowed_addresses: ["10.0.0.0/8", "2001:db8::1/128"], sign_in_methods: ["password"] },
    });
  });

  it("names everything that is wrong with it", () => {
    expect(wrong({ general: { timezone: "Mars/Olympus" } })).toHaveLength(1);
    expect(wrong({ general: { timezone: "+01:00" } })).toHaveLength(1);
    expect(wrong({ general: { language: "not a language" } })).toHaveLength(1);
    expect(wrong({ general: { theme: "pink" } })).toHaveLength(1);
    expect(wrong({ security: { allowed_addresses: ["10.0.0.0/8", "example.com"] } })).toEqual([
      "security.allowed_addresses.1 must be an address or a network in CIDR notation, like 192.0.2.0/24 or 2001:db8::/32",
    ]);
    const many = Array.from({ length: MOST_NETWORKS + 1 }, (_, i) => `10.0.${i}.0/24`);
    expect(wrong({ security: { allowed_addresses: many } })).toHaveLength(1);
    expect(wrong({ security: { sign_in_methods: [] } })).toHaveLength(1);
    expect(wrong({ security: { sign_in_methods: ["sso"] } })).toHaveLength(1);
    expect(wrong({ security: { session_lifetime_hours: 0 } })).toHaveLength(1);
    expect(wrong({ security: { session_lifetime_hours: 169 } })).toHaveLength(1);
    expect(wrong({ security: { unknown: true } })).toHaveLength(1);
  });

  it("leaves what it does not name, gives back what is null, and is told key by key", () => {
    const first = changedSettings(UNSET, { security: { allowed_addresses: ["10.0.0.0/8"], require_mfa: true } });
    const second = changedSettings(first, { security: { require_mfa: null }, general: { theme: "dark" } });
    expect(second.version).toBe(2);
    expect(securityOf({ settings: second })).toEqual({
      session_lifetime_hours: 168,
      idle_timeout_minutes: null,
      require_mfa: false,
      sign_in_methods: ["password", "sso", "google", "microsoft"],
      allowed_addresses: ["10.0.0.0/8"],
    });
    expect(generalOf(second)).toEqual({ theme: "dark", timezone: "UTC", language: "en" });
    expect(notificationsOf(second)).toEqual({ email: true, push: true, slack: false, digest: true });
    expect(settingChanges(UNSET, first)).toEqual([
      { field: "settings.security.allowed_addresses", old: null, new: "10.0.0.0/8" },
      { field: "settings.security.require_mfa", old: null, new: true },
    ]);
    expect(settingChanges(first, second)).toEqual([
      { field: "settings.general.theme", old: null, new: "dark" },
      { field: "settings.security.require_mfa", old: true, new: null },
    ]);
  });
});
