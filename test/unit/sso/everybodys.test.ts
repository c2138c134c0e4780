import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decide, type Facts } from "../../../functions/sso/platform/rules/decide.ts";
import { provesAddress, type Said } from "../../../functions/sso/platform/rules/proof.ts";
import { ACCOUNTS_PER_USER } from "../../../shared/identity/items.ts";
import { type PlatformProvider, platformProviders } from "../../../shared/identity/platform-providers.ts";

const said = (email: string | null, email_verified: boolean, proof?: unknown): Said => ({
  email,
  email_verified,
  proof,
});

const proofs: readonly (readonly [PlatformProvider, string, Said, boolean])[] = [
  ["google", "its own address", said("ada@gmail.com", true), true],
  ["google", "its own address by its other name", said("ada@googlemail.com", true), true],
  ["google", "its own address that is not verified", said("ada@gmail.com", false), false],
  ["google", "an address of the account's company", said("ada@acme.example", true, "acme.example"), true],
  ["google", "the company in capitals", said("ada@acme.example", true, "ACME.example"), true],
  ["google", "an address of the company that is not verified", said("ada@acme.example", false, "acme.example"), false],
  ["google", "another domain's address, once verified by a mail", said("ada@acme.example", true), false],
  ["google", "another company's address", said("ada@acme.example", true, "evil.example"), false],
  ["google", "an address below the company's domain", said("ada@it.acme.example", true, "acme.example"), false],
  ["google", "an address above the company's domain", said("ada@acme.example", true, "it.acme.example"), false],
  ["google", "a name that ends like its own", said("ada@notgmail.com", true), false],
  ["google", "its own address as the company's name", said("ada@acme.example", true, "gmail.com"), false],
  ["google", "an empty company", said("ada@acme.example", true, ""), false],
  ["google", "no address", said(null, true, "acme.example"), false],
  ["microsoft", "an address by itself", said("ada@acme.example", true), false],
  ["microsoft", "a verified owner of the domain", said("ada@acme.example", false, true), true],
  ["microsoft", "the same as the pool writes it", said("ada@acme.example", false, "true"), true],
  ["microsoft", "the same as some tokens have it", said("ada@acme.example", false, "1"), true],
  ["microsoft", "an owner who is not verified", said("ada@acme.example", true, "false"), false],
  ["microsoft", "zero", said("ada@acme.example", true, "0"), false],
  ["microsoft", "an empty claim", said("ada@acme.example", true, ""), false],
  ["microsoft", "a domain in place of a truth", said("ada@acme.example", true, "acme.example"), false],
  ["microsoft", "an address of Google", said("ada@gmail.com", true), false],
  ["microsoft", "no address", said(null, true, true), false],
];

describe("whether an address shows who somebody is", () => {
  it.each(proofs)("%s: %s", (provider, _what, one, proves) => {
    expect(provesAddress(provider, one)).toBe(proves);
  });
});

const base: Facts = {
  profile: { email: "ada@acme.example", email_verified: true },
  known: undefined,
  by_email: undefined,
  organization: undefined,
};
const ada: NonNullable<Facts["by_email"]> = { status: "active", subs: ["one"] };
const acme: NonNullable<Facts["organization"]> = {
  takes_method: true,
  invited_role: undefined,
  auto_join_role: null,
};
const unproved = { email: "ada@acme.example", email_verified: false };
const nameless = { email: null, email_verified: false };
const factor = { ...ada, mfa_enabled_at: "2026-01-01T00:00:00.000Z" };
const full = { ...ada, subs: Array.from({ length: ACCOUNTS_PER_USER }, (_, i) => `${i}`) };

const refused = (reason: string) => ({ kind: "refused", reason });
const user = (link: boolean) => ({ kind: "user", link });
const fresh = (via: string, role: string) => ({ kind: "new", join: { via, role } });

const rows: readonly (readonly [string, Partial<Facts>, object])[] = [
  ["a known sign-in", { known: ada }, user(false)],
  ["a known sign-in, whatever its address shows", { known: ada, profile: unproved }, user(false)],
  ["a known sign-in without address", { known: ada, profile: nameless }, user(false)],
  ["a known sign-in of somebody with a second factor, who has linked it", { known: factor }, user(false)],
  ["a known sign-in of somebody suspended", { known: { status: "suspended" } }, refused("account_inactive")],
  ["an account with the address", { by_email: ada }, user(true)],
  [
    "an account with an address that shows nothing",
    { by_email: ada, profile: unproved },
    refused("address_not_proved"),
  ],
  ["an account with a second factor", { by_email: factor }, refused("second_factor")],
  ["an account of somebody suspended", { by_email: { ...ada, status: "suspended" } }, refused("account_inactive")],
  ["an account that is deleted", { by_email: { ...ada, status: "deleted" } }, refused("account_inactive")],
  ["an account with as many sign-ins as there may be", { by_email: full }, refused("too_many_accounts")],
  [
    "an account before an invitation, which it accepts by itself",
    { by_email: ada, organization: { ...acme, invited_role: "developer" } },
    user(true),
  ],
  [
    "an invitation before a domain that lets people in",
    { organization: { ...acme, invited_role: "developer", auto_join_role: "viewer" } },
    fresh("invitation", "developer"),
  ],
  ["a domain that lets people in", { organization: { ...acme, auto_join_role: "viewer" } }, fresh("domain", "viewer")],
  [
    "an invitation to an organization that does not take it",
    { organization: { ...acme, takes_method: false, invited_role: "viewer" } },
    refused("method_not_taken"),
  ],
  [
    "a domain of an organization that does not take it",
    { organization: { ...acme, takes_method: false, auto_join_role: "viewer" } },
    refused("method_not_taken"),
  ],
  ["a domain that lets in nobody", { organization: acme }, refused("nobody_known")],
  ["nobody at all", {}, refused("nobody_known")],
  [
    "an invitation to an address that shows nothing",
    { profile: unproved, organization: { ...acme, invited_role: "viewer" } },
    refused("address_not_proved"),
  ],
  ["nobody, without address", { profile: nameless }, refused("no_email")],
];

describe("who somebody is whom a provider has sent that is everybody's", () => {
  it.each(rows)("%s", (_what, facts, expected) => {
    expect(decide({ ...base, ...facts })).toEqual(expected);
  });

  it("nobody comes in by an address that shows nothing, unless they are known already", () => {
    const status = fc.constantFrom("active", "suspended", "deleted");
    const facts = fc.record({
      profile: fc.constantFrom(unproved, nameless),
      known: fc.constant(undefined),
      by_email: fc.option(fc.record({ status, subs: fc.array(fc.string()) }), { nil: undefined }),
      organization: fc.option(
        fc.record({
          takes_method: fc.boolean(),
          invited_role: fc.option(fc.string(), { nil: undefined }),
          auto_join_role: fc.option(fc.string()),
        }),
        { nil: undefined },
      ),
    });
    fc.assert(
      fc.property(facts, (one) => {
        expect(decide(one as Facts).kind).toBe("refused");
      }),
    );
  });

  it("all providers have rows", () => {
    expect([...new Set(proofs.map(([provider]) => provider))].sort()).toEqual([...platformProviders].sort());
  });
});
