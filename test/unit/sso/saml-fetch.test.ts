import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { METADATA_CHARACTERS } from "../../../functions/sso/saml/model.ts";
import { fetchMetadata } from "../../../functions/sso/saml/read.ts";
import type { Problem } from "../../../shared/errors.ts";
import { createOutbound } from "../../../shared/outbound/index.ts";
import { newCertificate, samlMetadata } from "../../support/saml-metadata.ts";

let answer: (response: ServerResponse) => void = () => {};
const server = createServer((_request, response) => answer(response));
let url = "";
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/metadata`;
});
afterAll(() => new Promise((resolve) => server.close(resolve)));

const local = createOutbound({ allow_http: true, allow: ["127.0.0.1:*"] });
const { text } = await newCertificate();
const metadata = samlMetadata([text]);

/** Why what is answered is no metadata; undefined where it is. */
async function refusal(how: (response: ServerResponse) => void, outbound = local): Promise<string | undefined> {
  answer = how;
  try {
    await fetchMetadata(url, "provider.metadata_url", new Date(), { outbound, allow_http: false });
    return undefined;
  } catch (error) {
    const { code, options } = error as Problem;
    expect(options.issues?.[0]?.path).toBe("provider.metadata_url");
    return `${code}: ${options.issues?.[0]?.message}`;
  }
}

describe("metadata at an address", () => {
  it("is read, compressed or not", async () => {
    expect(await refusal((response) => response.end(metadata))).toBeUndefined();
    const zipped = gzipSync(metadata);
    expect(await refusal((response) => response.setHeader("content-encoding", "gzip").end(zipped))).toBeUndefined();
  });

  it.each<[string, (response: ServerResponse) => void, RegExp]>([
    ["that is too long", (response) => response.end(" ".repeat(METADATA_CHARACTERS + 5)), /could not be read/],
    [
      "that grows when it is unpacked",
      (response) => response.setHeader("content-encoding", "gzip").end(gzipSync("<a>".repeat(20_000_000))),
      /could not be read/,
    ],
    ["that is no UTF-8", (response) => response.end(Buffer.from(metadata, "utf16le").fill(0xff, 0, 4)), /not UTF-8/],
    [
      "that leads elsewhere",
      (response) => response.writeHead(302, { location: "http://[::1]/" }).end(),
      /answered 302/,
    ],
    ["that is not there", (response) => response.writeHead(404).end(metadata), /answered 404/],
    ["that breaks off", (response) => response.writeHead(200, { "content-length": "9999" }).destroy(), /could not be/],
    ["of another kind", (response) => response.end("{}"), /no XML/],
  ])("%s is refused", async (_, how, why) => {
    expect(await refusal(how)).toMatch(why);
  });

  it("inside our own network is never asked for", async () => {
    let asked = 0;
    const outbound = createOutbound({ allow_http: true });
    const said = await refusal((response) => {
      asked++;
      response.end(metadata);
    }, outbound);
    expect([said?.startsWith("unsafe_url"), asked]).toEqual([true, 0]);
  });
});
