import { describe, expect, it } from "vitest";
import { domainKey, parseToken } from "../../../functions/domains/model.ts";
import { requireClaimable } from "../../../functions/domains/naming/claimable.ts";
import { Problem } from "../../../shared/errors.ts";
import { domainOf } from "../../../shared/mail/address.ts";

describe("the name of a domain", () => {
  it.each([
    ["Acme.COM", "acme.com"],
    [" acme.com. ", "acme.com"],
    ["bücher.de", "xn--bcher-kva.de"],
    ["BÜCHER.DE", "xn--bcher-kva.de"],
    ["xn--bcher-kva.de", "xn--bcher-kva.de"],
    // Composed or not, full-width dots and letters: one name.
    ["bu\u0308cher.de", "xn--bcher-kva.de"],
    ["ａcme。com", "acme.com"],
    ["a.b.acme.co.uk", "a.b.acme.co.uk"],
  ])("%s is kept as %s", (text, key) => {
    expect(domainKey(text)).toBe(key);
    expect(domainKey(key)).toBe(key);
  });

  it.each([
    "",
    "com",
    "acme",
    ".acme.com",
    "acme..com",
    "acme.com..",
    "a_b.com",
    "-a.com",
    "a-.com",
    "127.0.0.1",
    "0x7f.1",
    "[::1]",
    "a.com/path",
    "a.com?b",
    "a.com#b",
    "a.com\\b",
    "a%2ecom",
    "a.c\tom",
    "user@acme.com",
    "a.com:80",
    "a b.com",
    "acme.com\u0000",
    "*.acme.com",
    `${"a".repeat(64)}.com`,
    `${"a.".repeat(125)}com`,
  ])("%s is none", (text) => {
    expect(domainKey(text)).toBe("");
  });

  it("of an address is what follows its last sign", () => {
    expect(domainOf('"a@b"@acme.com')).toBe("acme.com");
  });
});

describe("what may be claimed", () => {
  const refusal = async (domain: string) => {
    try {
      await requireClaimable(domain);
      return undefined;
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      return [error.code, error.options.issues?.[0]?.message];
    }
  };

  it.each(["acme.com", "mail.acme.com", "xn--bcher-kva.de", "acme.co.uk", "acme.github.io"])("%s", async (domain) => {
    expect(await refusal(domain)).toBeUndefined();
  });

  it.each([
    ["co.uk", "public suffix"],
    ["github.io", "public suffix"],
    ["acme.local", "no public suffix"],
    ["acme.internal", "no public suffix"],
    ...["gmail.com", "outlook.com", "icloud.com", "yahoo.com", "gmx.de", "qq.com", "proton.me", "web.de"].map(
      (name): [string, string] => [name, "everybody"],
    ),
    ...["hotmail.co.uk", "fastmail.com", "tutanota.com", "posteo.de", "hey.com", "zoho.com", "mailinator.com"].map(
      (name): [string, string] => [name, "everybody"],
    ),
    // What stands below a provider's domain is the provider's too.
    ["people.gmail.com", "everybody"],
  ])("not %s: %s", async (domain, why) => {
    expect(await refusal(domain)).toEqual(["validation_failed", expect.stringContaining(why)]);
  });
});

describe("the token of a link", () => {
  const [organization_id, id] = ["org_01JDQ4X0Z5V8W3N7K2M9R6T1BC", "dom_01JDQ4X0Z5V8W3N7K2M9R6T1BC"];
  it("names organization and domain, and nothing else is one", () => {
    const secret = "a".repeat(43);
    expect(parseToken(` ${organization_id}.${id}.${secret}\n`)).toMatchObject({ organization_id, id });
    for (const text of ["", secret, `${organization_id}.${id}`, `${organization_id}.${id}.${secret}b`, `${id}.${id}.x`])
      expect(parseToken(text)).toBeUndefined();
  });
});
