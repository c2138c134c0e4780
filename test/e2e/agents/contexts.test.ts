import { createHash } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createAgent, fill } from "../../support/agents.ts";
import { type ApiAnswer, type Company, eventually, registerCompany } from "../../support/api.ts";
import { drawn, mediaTypes, pdf, xlsx } from "../../support/documents.ts";
import { eventTypesOf } from "../../support/traces.ts";

const FEES = '<row r="1"><c r="A1"><v>10</v></c></row>';

let company: Company;
let path: string;
beforeAll(async () => {
  company = await registerCompany();
  path = `/agents/${(await createAgent(company)).id}`;
});

const text = (more: Record<string, unknown> = {}) => ({
  name: "facts",
  content_type: "text",
  content: "Cats purr.",
  ...more,
});

describe("a text context", () => {
  it("is ready at once, is read with its text and changes the working copy", async () => {
    const created = await company.call("POST", `${path}/contexts`, text());
    expect(created.status).toBe(201);
    expect(created.body).toMatchObject({ status: "ready", content_type: "text", content_bytes: 10, upload: null });
    const own = `${path}/contexts/${created.body.id}`;
    expect(created.headers.get("location")).toBe(`/api/v1${own}`);
    expect((await company.call("GET", own)).body.content).toBe("Cats purr.");
    await company.call("POST", `${path}/versions`);
    const patched = await company.call("PATCH", own, { content: "Dogs bark.", is_active: false });
    expect(patched.body).toMatchObject({ is_active: false, name: "facts" });
    expect((await company.call("GET", own)).body.content).toBe("Dogs bark.");
    expect((await company.call("GET", path)).body.has_unversioned_changes).toBe(true);
    expect((await company.call("PATCH", own, { url: "https://example.com" })).status).toBe(422);
    expect((await company.call("POST", `${own}/refresh`)).status).toBe(409);
    expect((await company.call("DELETE", own)).status).toBe(204);
    expect((await company.call("GET", own)).status).toBe(404);
    expect((await company.call("DELETE", own)).status).toBe(404);
    expect(await eventTypesOf(company)).toContain("agent.context_changed");
  });

  it("keeps nearly 1 MB and refuses more", async () => {
    const content = "ä".repeat(490_000);
    const created = await company.call("POST", `${path}/contexts`, text({ content }));
    expect(created.status).toBe(201);
    const own = `${path}/contexts/${created.body.id}`;
    expect((await company.call("GET", own)).body.content).toBe(content);
    await company.call("DELETE", own);
    const listed = await company.call("GET", `${path}/contexts`);
    expect(listed.text).not.toContain("ää");
    expect((await company.call("POST", `${path}/contexts`, text({ content: "x".repeat(1_000_001) }))).status).toBe(413);
    expect((await company.call("POST", `${path}/contexts`, text({ content: "" }))).status).toBe(422);
  });

  it("is one of at most twenty, also when many are added at once", async () => {
    const crowded = `/agents/${(await createAgent(company)).id}`;
    const add = (i: number) => company.call("POST", `${crowded}/contexts`, text({ name: `c${i}` }));
    expect((await fill(17, add)).every(({ status }) => status === 201)).toBe(true);
    const answers = await Promise.all(Array.from({ length: 6 }, (_, i) => add(20 + i)));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 201, 201, 409, 409, 409]);
    expect((await company.call("GET", crowded)).body.contexts).toHaveLength(20);
    const page = await company.call("GET", `${crowded}/contexts?limit=15`);
    const rest = await company.call("GET", `${crowded}/contexts?limit=15&cursor=${page.body.next_cursor}`);
    expect(page.body.items.length + rest.body.items.length).toBe(20);
    await company.call("DELETE", crowded);
  });

  it("loses no change to a race unless it was asked to", async () => {
    const { body } = await company.call("POST", `${path}/contexts`, text());
    const own = `${path}/contexts/${body.id}`;
    const etag = (await company.call("GET", own)).headers.get("etag") ?? "";
    const answers = await Promise.all([
      company.call("PATCH", own, { name: "one" }, { "if-match": etag }),
      company.call("PATCH", own, { name: "two" }, { "if-match": etag }),
    ]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 412]);
    await company.call("DELETE", own);
  });
});

describe("a file context", () => {
  const bytes = Buffer.from("# Manual\nPress the red button.\n");
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const file = (more: Record<string, unknown> = {}) => ({
    name: "manual",
    content_type: "file",
    file: { filename: "manual.md", media_type: "text/markdown", size_bytes: bytes.byteLength, sha256, ...more },
  });
  const send = (upload: ApiAnswer["body"], body: Buffer) =>
    fetch(upload.url, { method: upload.method, headers: upload.headers, body: new Uint8Array(body) });

  it("is uploaded to a signed address, completed, and then has its text", async () => {
    const created = await company.call("POST", `${path}/contexts`, file());
    expect(created.status).toBe(201);
    expect(created.body).toMatchObject({
      status: "pending",
      upload: { method: "PUT", expires_at: expect.any(String) },
    });
    const own = `${path}/contexts/${created.body.id}`;
    const early = await company.call("POST", `${own}/complete`);
    expect([early.status, early.body.code]).toEqual([409, "upload_incomplete"]);
    expect((await send(created.body.upload, bytes)).status).toBe(200);
    const completed = await company.call("POST", `${own}/complete`);
    expect(completed.status).toBe(200);
    expect(completed.body).toMatchObject({
      status: "ready",
      content_bytes: bytes.byteLength,
      truncated: false,
      file: { sha256 },
    });
    expect((await company.call("GET", own)).body.content).toBe(bytes.toString());
    const twice = await company.call("POST", `${own}/complete`);
    expect([twice.status, twice.body.state]).toEqual([409, "ready"]);
  });

  it("that is another file than declared is refused, and can be uploaded anew", async () => {
    const created = await company.call("POST", `${path}/contexts`, file());
    const own = `${path}/contexts/${created.body.id}`;
    const other = Buffer.from("# Manual\nPress the RED button.\n");
    await fetch(created.body.upload.url, {
      method: "PUT",
      headers: created.body.upload.headers,
      body: new Uint8Array(other),
    });
    const refused = await company.call("POST", `${own}/complete`);
    expect([refused.status, refused.body.code]).toEqual([409, "upload_incomplete"]);
    expect((await company.call("GET", own)).body.status).toBe("pending");
    const anew = await company.call("POST", `${own}/upload`, { ...file().file, sha256: undefined });
    expect(anew.status).toBe(201);
    expect(anew.body.upload.url).not.toBe(created.body.upload.url);
    await send(anew.body.upload, bytes);
    const completed = await company.call("POST", `${own}/complete`);
    expect(completed.body).toMatchObject({ status: "ready", file: { sha256 } });
  });

  it("larger than a context gives its beginning, cut between characters, and says so", async () => {
    const long = Buffer.from("ä".repeat(600_001));
    const declared = file({ size_bytes: long.byteLength, sha256: undefined, media_type: "text/plain" });
    const created = await company.call("POST", `${path}/contexts`, declared);
    const own = `${path}/contexts/${created.body.id}`;
    expect((await send(created.body.upload, long)).status).toBe(200);
    const completed = await company.call("POST", `${own}/complete`);
    expect(completed.body).toMatchObject({ status: "ready", content_bytes: 1_000_000, truncated: true });
    expect((await company.call("GET", own)).body.content).toBe("ä".repeat(500_000));
  });

  it("that is no text is refused", async () => {
    const binary = Buffer.from([0x89, 0xff, 0x00, 0x9f]);
    const created = await company.call("POST", `${path}/contexts`, file({ size_bytes: 4, sha256: undefined }));
    await send(created.body.upload, binary);
    const refused = await company.call("POST", `${path}/contexts/${created.body.id}/complete`);
    expect([refused.status, refused.body.issues[0].path]).toEqual([422, "file"]);
  });

  it.each([
    [{ media_type: "application/msword" }, "file.media_type"],
    [{ media_type: "image/png" }, "file.media_type"],
    [{ size_bytes: 50_000_001 }, "file.size_bytes"],
    [{ size_bytes: 0 }, "file.size_bytes"],
    [{ filename: "../etc/passwd" }, "file.filename"],
    [{ sha256: "abc" }, "file.sha256"],
  ])("with %j is refused at %s", async (more, at) => {
    const answer = await company.call("POST", `${path}/contexts`, file(more));
    expect(answer.status).toBe(422);
    expect(answer.body.issues.map((issue: { path: string }) => issue.path)).toContain(at);
  });
});

describe("an address", () => {
  let server: Server;
  let origin: string;
  let page = "";
  beforeAll(async () => {
    server = createServer((request, response) => {
      const url = new URL(request.url ?? "/", "http://x");
      if (url.pathname === "/page") response.writeHead(200, { "content-type": "text/html; charset=utf-8" }).end(page);
      else if (url.pathname === "/moved") response.writeHead(302, { location: "/page" }).end();
      else if (url.pathname === "/loop") response.writeHead(302, { location: "/loop" }).end();
      else if (url.pathname === "/inward") response.writeHead(302, { location: "http://169.254.169.254/latest" }).end();
      else if (url.pathname === "/paper")
        response
          .writeHead(200, { "content-type": mediaTypes.pdf })
          .end(pdf([drawn("Preface"), drawn("Opening hours")]));
      else if (url.pathname === "/sheet")
        response.writeHead(200, { "content-type": mediaTypes.xlsx }).end(xlsx([["Fees", FEES]]));
      else if (url.pathname === "/claimed") response.writeHead(200, { "content-type": mediaTypes.docx }).end("words");
      else if (url.pathname === "/image") response.writeHead(200, { "content-type": "image/png" }).end("png");
      else response.writeHead(404).end("secret internals");
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => new Promise((resolve) => server.close(resolve)));

  const add = async (at: string) => {
    const created = await company.call("POST", `${path}/contexts`, {
      name: "page",
      content_type: "url",
      url: `${origin}${at}`,
    });
    expect(created.status).toBe(201);
    expect(created.body).toMatchObject({ status: "pending", content_bytes: 0 });
    return `${path}/contexts/${created.body.id}`;
  };
  const settled = (own: string) =>
    eventually(async () => {
      const { body } = await company.call("GET", own);
      return body.status === "pending" ? undefined : body;
    }, `${own} settles`);

  it("is fetched behind the answer, through a redirect, and gives the words of the page; a refresh fetches again", async () => {
    page =
      "<html><head><title>T</title></head><body><script>evil()</script><h1>Opening hours</h1><p>9 &ndash; 17</p></body></html>";
    const own = await add("/moved");
    const ready = await settled(own);
    expect(ready).toMatchObject({
      status: "ready",
      error: null,
      content: "# Opening hours\n9 – 17",
      fetched_at: expect.any(String),
    });
    page = "<p>Closed</p>";
    const refreshed = await company.call("POST", `${own}/refresh`);
    expect([refreshed.status, refreshed.body.status]).toEqual([202, "pending"]);
    expect((await settled(own)).content).toBe("Closed");
    await company.call("DELETE", own);
  });

  it("of a PDF or an Office file gives its text, with marks of pages and sheets", async () => {
    const [paper, sheet] = await Promise.all([add("/paper"), add("/sheet")]);
    const ready = { status: "ready", error: null, truncated: false, fetched_at: expect.any(String) };
    expect(await settled(paper)).toMatchObject({ ...ready, content: "[page 1]\nPreface\n\n[page 2]\nOpening hours" });
    expect(await settled(sheet)).toMatchObject({ ...ready, content: '[sheet "Fees"]\n| 10 |' });
    await company.call("DELETE", paper);
    await company.call("DELETE", sheet);
  });

  it.each([
    ["/missing", "bad_status"],
    ["/image", "not_text"],
    ["/claimed", "wrong_media_type"],
    ["/loop", "too_many_redirects"],
    ["/inward", "blocked_address"],
  ])("%s fails with %s, tells nothing of what answered, and keeps the text it had", async (at, code) => {
    const own = await add(at);
    const failed = await settled(own);
    expect(failed).toMatchObject({ status: "failed", error: { code }, content: null });
    expect(JSON.stringify(failed)).not.toContain("internals");
    page = "<p>Mended</p>";
    const mended = await company.call("PATCH", own, { url: `${origin}/page` });
    expect(mended.body.status).toBe("pending");
    expect(await settled(own)).toMatchObject({ status: "ready", error: null, content: "Mended" });
    await company.call("DELETE", own);
  });

  it("that must not be called is refused when it is saved", async () => {
    for (const url of [
      "http://169.254.169.254/latest/meta-data",
      "https://10.1.2.3/",
      "file:///etc/passwd",
      "https://a:b@example.com/",
    ]) {
      const answer = await company.call("POST", `${path}/contexts`, { name: "x", content_type: "url", url });
      expect([answer.status, answer.body.code]).toEqual([422, "unsafe_url"]);
    }
  });
});
