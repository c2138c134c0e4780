import { deflateSync, gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { METADATA_CHARACTERS } from "../../../functions/sso/saml/model.ts";
import { readMetadata } from "../../../functions/sso/saml/read.ts";
import { poolDocument } from "../../../functions/sso/saml/rules/pool-document.ts";
import type { Problem } from "../../../shared/errors.ts";
import { newCertificate, samlMetadata } from "../../support/saml-metadata.ts";

const now = new Date();
const [current, next, old, future, short] = await Promise.all([
  newCertificate(-10, 100),
  newCertificate(-1, 365),
  newCertificate(-400, -30),
  newCertificate(5, 700),
  newCertificate(-1, 100, 1_024),
]);

const read = (text: string, allow_http = false) => readMetadata(text, "provider.metadata", now, { allow_http });

/** Why a text is no metadata; undefined where it is. */
async function refusal(text: string): Promise<string | undefined> {
  try {
    await read(text);
    return undefined;
  } catch (error) {
    const { code, options } = error as Problem;
    expect([code, options.issues?.[0]?.path]).toEqual(["validation_failed", "provider.metadata"]);
    return options.issues?.[0]?.message;
  }
}

describe("metadata", () => {
  it("gives name, address and certificates, the one that ends last first", async () => {
    const metadata = await read(`\ufeff${samlMetadata([current.text, next.text])}`);
    expect(metadata).toMatchObject({
      entity_id: "https://login.example.com/saml",
      sign_in_url: "https://login.example.com/saml/sign-in?of=acme&to=us",
      certificates: [{ der: next.text }, { der: current.text }],
    });
    expect(metadata.certificates[0]?.fingerprint).toMatch(/^[\da-f]{64}$/);
    expect(Date.parse(metadata.certificates[0]?.not_after ?? "")).toBeGreaterThan(now.getTime());
  });

  it("is read whichever prefixes it has, and whatever else it describes", async () => {
    const plain = samlMetadata([current.text]).replaceAll("md:", "").replace("xmlns:md", "xmlns");
    expect(await refusal(plain)).toBeUndefined();
    const more =
      '<md:SPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"/>' +
      `<RoleDescriptor xmlns="urn:other"><X509Certificate>no certificate</X509Certificate></RoleDescriptor>`;
    expect(await refusal(samlMetadata([current.text], { more }))).toBeUndefined();
  });

  it("may have old certificates beside valid ones, which are left out, and coming ones", async () => {
    const { certificates } = await read(samlMetadata([old.text, current.text, future.text, current.text]));
    expect(certificates.map(({ der }) => der)).toEqual([future.text, current.text]);
  });

  it("may have breaks and spaces in its certificates", async () => {
    const wrapped = current.text.replaceAll(/.{64}/g, "$&\n      ");
    expect((await read(samlMetadata([`\n${wrapped}\n`]))).certificates[0]?.der).toBe(current.text);
  });

  it.each([
    ["only certificates that have expired", samlMetadata([old.text]), /have expired, the last on 20/],
    ["only certificates of the future", samlMetadata([future.text]), /valid yet/],
    ["no certificate", samlMetadata([]), /no signing certificate/],
    ["a certificate that is none", samlMetadata(["AAAA"]), /certificate that is none/],
    ["a certificate that is no base64", samlMetadata(["<x/>"]), /certificate that is none/],
    ["a certificate with more behind it", samlMetadata([`${current.text.replaceAll("=", "")}AAAA`]), /that is none/],
    ["a certificate of a weak key", samlMetadata([short.text]), /less than 2048 bits/],
    ["a huge certificate", samlMetadata(["A".repeat(5_000)]), /more than 4096 characters/],
    ["a document type", samlMetadata([current.text], { before: "<!DOCTYPE a>" }), /document type/],
    [
      "an entity from outside",
      samlMetadata(["&x;"], { before: '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>' }),
      /document type/,
    ],
    [
      "entities that grow",
      samlMetadata(["&b;"], { before: '<!doctype a [<!entity a "aaaa"><!entity b "&a;&a;&a;&a;">]>' }),
      /document type/,
    ],
    ["an entity that nobody has declared", samlMetadata(["&x;"]), /no XML/],
    ["another encoding", samlMetadata([current.text], { before: "<?xml version='1.0' encoding='UTF-16'?>" }), /UTF-16/],
    ["an address without TLS", samlMetadata([current.text], { sign_in_url: "http://login.example.com" }), /not https/],
    ["a script for an address", samlMetadata([current.text], { sign_in_url: "javascript:alert(1)" }), /not https/],
    ["credentials in its address", samlMetadata([current.text], { sign_in_url: "https://a:b@c.example" }), /password/],
    ["no address", samlMetadata([current.text]).replaceAll("HTTP-Redirect", "SOAP"), /by redirect/],
    ["no name", samlMetadata([current.text], { entity_id: "" }), /entityID/],
    ["the name of every tenant", samlMetadata([current.text], { entity_id: "https://a/{tenantid}/" }), /one company/],
    [
      "an end that has passed",
      samlMetadata([current.text], { root: ' validUntil="2020-01-01T00:00:00Z"' }),
      /valid by/,
    ],
    ["an end that is no time", samlMetadata([current.text], { root: ' validUntil="soon"' }), /valid by/],
    ["only SAML 1.1", samlMetadata([current.text]).replaceAll("SAML:2.0:protocol", "SAML:1.1:protocol"), /SAML 2.0/],
    ["only an app of its own", samlMetadata([current.text]).replaceAll("IDPSSO", "SPSSO"), /no provider that signs/],
    ["another root", "<html/>", /no metadata/],
    ["another namespace", samlMetadata([current.text]).replaceAll("SAML:2.0:metadata", "SAML:3.0"), /no metadata/],
    ["several providers", `<EntitiesDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata"/>`, /several providers/],
    ["an unclosed tag", samlMetadata([current.text]).slice(0, -20), /no XML/],
    ["two roots", `${samlMetadata([current.text])}<a/>`, /no XML/],
    ["nothing", " ", /no XML/],
    ["too many characters", samlMetadata([current.text], { more: " ".repeat(METADATA_CHARACTERS) }), /longer than/],
    ["too many tags", samlMetadata([current.text], { more: "<a/>".repeat(20_001) }), /more than 20000 tags/],
    [
      "namespaces in namespaces",
      Array.from({ length: 1_001 }, (_, i) => `<a xmlns:a${i}="u">`).join("") + "</a>".repeat(1_001),
      /more than 1000 namespaces/,
    ],
    ["tags in tags in tags", `${"<a>".repeat(10_000)}${"</a>".repeat(9_000)}`, /no XML/],
    ["tags in tags in tags, closed", `${"<a>".repeat(9_999)}${"</a>".repeat(9_999)}`, /no metadata/],
    ["compressed bytes", gzipSync(samlMetadata([current.text])).toString("latin1"), /no XML/],
    ["compressed bytes in base64", deflateSync(samlMetadata([current.text])).toString("base64"), /no XML/],
  ])("with %s is refused", async (_, text, why) => {
    expect(await refusal(text)).toMatch(why);
  });

  it("with twenty certificates is refused, and with ten is not", async () => {
    const many = await Promise.all(Array.from({ length: 11 }, (_, i) => newCertificate(-1, 100 + i)));
    const texts = many.map(({ text }) => text);
    expect(await refusal(samlMetadata(texts))).toMatch(/more than 10/);
    expect(await refusal(samlMetadata(texts.slice(1)))).toBeUndefined();
  });

  it("does not take for its certificate what stands in another place", async () => {
    const elsewhere = `<Extensions xmlns="urn:oasis:names:tc:SAML:2.0:metadata">${samlMetadata([current.text], { before: "" })}</Extensions>`;
    expect(await refusal(samlMetadata([], { keys: elsewhere }))).toMatch(/no signing certificate/);
    const encryption = samlMetadata([current.text]).replace('use="signing"', 'use="encryption"');
    expect(await refusal(encryption)).toMatch(/no signing certificate/);
    const hidden = samlMetadata([], { keys: `<!-- ${samlMetadata([current.text], { before: "" })} -->` });
    expect(await refusal(hidden)).toMatch(/no signing certificate/);
  });

  it("is on a laptop taken without TLS", async () => {
    const text = samlMetadata([current.text], { sign_in_url: "http://127.0.0.1:4000/sign-in" });
    expect((await read(text, true)).sign_in_url).toBe("http://127.0.0.1:4000/sign-in");
  });

  it("that is cut, doubled or overwritten anywhere is judged, and never anything else", async () => {
    const text = samlMetadata([current.text]);
    const places = fc.tuple(fc.nat(text.length), fc.nat(text.length), fc.string({ maxLength: 40 }));
    await fc.assert(
      fc.asyncProperty(places, async ([a, b, put]) => {
        const changed = text.slice(0, Math.min(a, b)) + put + text.slice(Math.max(a, b));
        const why = await refusal(changed);
        if (why === undefined) expect((await read(changed)).certificates).toHaveLength(1);
      }),
    );
  });

  it("of any text is judged, and never anything else", async () => {
    const tags = fc.constantFrom(
      "<",
      ">",
      "/",
      "<!",
      "<!--",
      "<![CDATA[",
      "]]>",
      "&",
      "&#0;",
      "&#x110000;",
      '"',
      "=",
      "<?",
      "xmlns:a",
    );
    const texts = fc.array(fc.oneof(tags, fc.string({ maxLength: 8 })), { maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(texts, async (parts) => {
        expect(await refusal(parts.join(""))).toBeDefined();
      }),
    );
  });
});

describe("the metadata that the pool is given", () => {
  it("says what was judged, and reads back as the same", async () => {
    const names = fc.tuple(fc.webUrl({ withQueryParameters: true }), fc.stringMatching(/^[!-z]{1,60}$/));
    await fc.assert(
      fc.asyncProperty(names, async ([url, entity_id]) => {
        const given = await read(samlMetadata([current.text, next.text]));
        const provider = { ...given, entity_id, sign_in_url: url.replace(/^http:/, "https:") };
        expect(await read(poolDocument(provider, now))).toEqual(provider);
      }),
      { numRuns: 30 },
    );
  });

  it("has the certificates that are valid at the time, so that one is followed by the next without a gap", async () => {
    const provider = await read(samlMetadata([current.text, future.text]));
    const days = (count: number) => new Date(now.getTime() + count * 86_400_000);
    const at = (count: number) => {
      const document = poolDocument(provider, days(count));
      return [current, future].map(({ text }) => document.includes(text));
    };
    expect([at(0), at(6), at(101)]).toEqual([
      [true, false],
      [true, true],
      [false, true],
    ]);
  });
});
