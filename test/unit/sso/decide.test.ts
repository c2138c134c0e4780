import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decide, type Facts } from "../../../functions/sso/flow/rules/decide.ts";
import { ACCOUNTS_PER_USER } from "../../../shared/identity/items.ts";

const base: Facts = {
  connection: {
    status: "active",
    allowed_domains: [],
    default_role: "viewer",
    provisioning: false,
    email_trust: "claim",
  },
  profile: { email: "ada@acme.example", email_verified: true },
  domain_proved: true,
  auto_join_role: null,
  known: undefined,
  by_email: undefined,
  membership: undefined,
  invited_role: undefined,
};
const provisioning = { ...base.connection, provisioning: true };
const ada: NonNullable<Facts["by_email"]> = { id: "usr_1", status: "active", subs: ["one"] };
const full = { ...ada, subs: Array.from({ length: ACCOUNTS_PER_USER }, (_, i) => `${i}`) };
const member = { role: "viewer", status: "active" } as const;
const gone = { role: "viewer", status: "removed" } as const;
const unverified = { email: "ada@acme.example", email_verified: false };

const refused = (reason: string) => ({ kind: "refused", reason });
const user = (link: boolean, join: object | null = null) => ({ kind: "user", link, join });
const fresh = (via: string, role: string) => ({ kind: "new", join: { via, role } });

const rows: readonly (readonly [string, Partial<Facts>, object])[] = [
  ["a known identity of a member signs in", { known: { ...ada, linked_by: "email" }, membership: member }, user(false)],
  [
    "a known identity counts before whoever has the address now",
    { known: { ...ada, linked_by: "user" }, by_email: { ...ada, id: "usr_2" }, membership: member },
    user(false),
  ],
  [
    "a known identity without address signs in, where the person has linked it",
    {
      known: { ...ada, linked_by: "user" },
      membership: member,
      profile: { email: null, email_verified: false },
      domain_proved: false,
    },
    user(false),
  ],
  [
    "what an address has opened is shut when the domain is the organization's no more",
    { known: { ...ada, linked_by: "email" }, membership: member, domain_proved: false },
    refused("domain_not_proved"),
  ],
  [
    "a suspended user stays out",
    { known: { ...ada, status: "suspended", linked_by: "email" }, membership: member },
    refused("account_inactive"),
  ],
  [
    "a suspended member stays out",
    { known: { ...ada, linked_by: "email" }, membership: { ...member, status: "suspended" } },
    refused("account_inactive"),
  ],
  [
    "a suspended member stays out, also by a new identity",
    { by_email: ada, membership: { ...member, status: "suspended" } },
    refused("account_inactive"),
  ],
  ["a deleted user is not linked", { by_email: { ...ada, status: "deleted" } }, refused("account_inactive")],
  [
    "a removed member stays out, whatever the connection does for strangers",
    { known: { ...ada, linked_by: "email" }, membership: gone, connection: provisioning, auto_join_role: "viewer" },
    refused("not_invited"),
  ],
  [
    "a removed member comes back by invitation",
    { known: { ...ada, linked_by: "email" }, membership: gone, invited_role: "operator" },
    user(false, { via: "invitation", role: "operator" }),
  ],

  [
    "an account that has as many sign-ins as it may gets no further one",
    { by_email: full, membership: member },
    refused("too_many_accounts"),
  ],
  [
    "such an account signs in by those that it has",
    { known: { ...full, linked_by: "email" }, membership: member },
    user(false),
  ],
  ["who may not come in hears that first", { by_email: full }, refused("not_invited")],
  ["a member is linked by a verified address of a proved domain", { by_email: ada, membership: member }, user(true)],
  [
    "nobody is linked by an address that is not verified",
    { by_email: ada, membership: member, profile: unverified },
    refused("email_not_verified"),
  ],
  [
    "nobody is linked by an address of a domain that the organization has not proved",
    { by_email: ada, membership: member, domain_proved: false },
    refused("domain_not_proved"),
  ],
  ["nobody is linked by no address", { profile: { email: null, email_verified: true } }, refused("no_email")],
  [
    "a company that hands out its addresses vouches for them",
    {
      by_email: ada,
      membership: member,
      profile: unverified,
      connection: { ...base.connection, email_trust: "provider" },
    },
    user(true),
  ],
  [
    "but not for those of others",
    {
      by_email: ada,
      membership: member,
      profile: unverified,
      domain_proved: false,
      connection: { ...base.connection, email_trust: "provider" },
    },
    refused("domain_not_proved"),
  ],
  [
    "a user of another organization joins and is linked",
    { by_email: ada, connection: provisioning },
    user(true, { via: "sso", role: "viewer" }),
  ],
  ["a user of another organization is not let in by nothing", { by_email: ada }, refused("not_invited")],

  [
    "an invitation comes before the domain and the connection",
    { invited_role: "operator", auto_join_role: "developer", connection: provisioning },
    fresh("invitation", "operator"),
  ],
  [
    "the domain comes before the connection",
    { auto_join_role: "developer", connection: provisioning },
    fresh("domain", "developer"),
  ],
  ["the connection makes members where it does", { connection: provisioning }, fresh("sso", "viewer")],
  ["a stranger stays out", {}, refused("not_invited")],
  [
    "a stranger of a foreign domain stays out",
    { connection: provisioning, domain_proved: false },
    refused("domain_not_proved"),
  ],

  [
    "a connection that is turned off lets nobody in",
    { connection: { ...provisioning, status: "inactive" }, known: { ...ada, linked_by: "email" }, membership: member },
    refused("connection_inactive"),
  ],
  [
    "an address outside the allowed domains stays out, also of somebody known",
    {
      connection: { ...provisioning, allowed_domains: ["acme.com"] },
      known: { ...ada, linked_by: "email" },
      membership: member,
    },
    refused("domain_not_allowed"),
  ],
  [
    "an address of an allowed domain comes in",
    {
      connection: { ...provisioning, allowed_domains: ["acme.example"] },
      profile: { email: "ada@acme.example", email_verified: true },
    },
    fresh("sso", "viewer"),
  ],
  [
    "a domain below an allowed one is another",
    {
      connection: { ...provisioning, allowed_domains: ["acme.example"] },
      profile: { email: "ada@eu.acme.example", email_verified: true },
    },
    refused("domain_not_allowed"),
  ],
];

describe("who somebody is whom a provider has sent", () => {
  it.each(rows)("%s", (_, facts, decision) => {
    expect(decide({ ...base, ...facts })).toEqual(decision);
  });

  it("never: an address of a domain that the organization has not proved opens, links or makes an account", () => {
    const status = fc.constantFrom("active" as const, "suspended" as const, "deleted" as const);
    const facts = fc.record({
      connection: fc.record({
        status: fc.constantFrom("active", "inactive"),
        allowed_domains: fc.constantFrom([], ["acme.example"]),
        default_role: fc.constant("viewer"),
        provisioning: fc.boolean(),
        email_trust: fc.constantFrom("claim" as const, "provider" as const),
      }),
      profile: fc.record({ email: fc.constantFrom("ada@acme.example", null), email_verified: fc.boolean() }),
      domain_proved: fc.constant(false),
      auto_join_role: fc.constantFrom(null, "developer"),
      known: fc.option(fc.record({ id: fc.constant("usr_1"), status, linked_by: fc.constant("email" as const) }), {
        nil: undefined,
      }),
      by_email: fc.option(fc.record({ id: fc.constant("usr_1"), status, subs: fc.constant<string[]>([]) }), {
        nil: undefined,
      }),
      membership: fc.option(
        fc.record({
          role: fc.constant("viewer"),
          status: fc.constantFrom("active" as const, "suspended" as const, "removed" as const),
        }),
        { nil: undefined },
      ),
      invited_role: fc.option(fc.constant("viewer"), { nil: undefined }),
    });
    fc.assert(
      fc.property(facts, (some) => {
        expect(decide(some).kind).toBe("refused");
      }),
    );
  });
});
