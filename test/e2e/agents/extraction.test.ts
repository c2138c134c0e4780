import { beforeAll, describe, expect, it } from "vitest";
import { askedOf, createAgent, scriptedModel } from "../../support/agents.ts";
import { type Company, eventually, registerCompany } from "../../support/api.ts";
import { docx, drawn, LOCKED, mediaTypes, paragraph, pdf, pptx, shape, xlsx } from "../../support/documents.ts";
import { eventTypesOf } from "../../support/traces.ts";

let company: Company;
let path: string;
beforeAll(async () => {
  company = await registerCompany();
  path = `/agents/${(await createAgent(company, { model_id: await scriptedModel(company) })).id}`;
});

type Format = keyof typeof mediaTypes;

const fileOf = (format: Format, bytes: Uint8Array) => ({
  filename: `file.${format}`,
  media_type: mediaTypes[format],
  size_bytes: bytes.byteLength,
});

/** Sends the bytes and completes the upload: the context is `processing` then. */
// biome-ignore lint/suspicious/noExplicitAny: an answer of the API
async function send(own: string, upload: any, bytes: Uint8Array): Promise<void> {
  const sent = await fetch(upload.url, { method: "PUT", headers: upload.headers, body: new Uint8Array(bytes) });
  expect(sent.status).toBe(200);
  const completed = await company.call("POST", `${own}/complete`);
  expect([completed.status, completed.body.status]).toEqual([200, "processing"]);
}

async function add(format: Format, bytes: Uint8Array): Promise<string> {
  const file = fileOf(format, bytes);
  const created = await company.call("POST", `${path}/contexts`, { name: format, content_type: "file", file });
  expect(created.status).toBe(201);
  const own = `${path}/contexts/${created.body.id}`;
  await send(own, created.body.upload, bytes);
  return own;
}

const settled = (own: string) =>
  eventually(async () => {
    const { body } = await company.call("GET", own);
    return body.status === "processing" ? undefined : body;
  }, `${own} is read`);

describe("an uploaded file", () => {
  it("becomes text that the agent is given, with marks of pages, slides and sheets", async () => {
    const files: [Format, Uint8Array, string][] = [
      [
        "pdf",
        pdf([drawn("Preface"), drawn("The reading room opens at ten.")]),
        "[page 1]\nPreface\n\n[page 2]\nThe reading room opens at ten.",
      ],
      ["docx", docx(paragraph("Rules", "Heading1") + paragraph("Quiet please.")), "# Rules\nQuiet please."],
      ["xlsx", xlsx([["Fees", '<row r="1"><c r="A1"><v>10</v></c></row>']]), '[sheet "Fees"]\n| 10 |'],
      ["pptx", pptx([{ shapes: shape("title", "Tour") }]), "[slide 1]\n## Tour"],
      ["html", Buffer.from("<h1>News</h1><script>evil()</script>"), "# News"],
    ];
    const added = await Promise.all(files.map(([format, bytes]) => add(format, bytes)));
    for (const [i, own] of added.entries()) {
      const content = files[i]?.[2] ?? "";
      expect(await settled(own)).toMatchObject({
        status: "ready",
        error: null,
        truncated: false,
        content,
        content_bytes: Buffer.byteLength(content),
        file: { sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
      });
      const twice = await company.call("POST", `${own}/complete`);
      expect([twice.status, twice.body.state]).toEqual([409, "ready"]);
    }
    const asked = await company.call("POST", `${path}/execute`, { message: "When does the reading room open?" });
    expect(asked.body.content).toContain("The reading room opens at ten.");
    const [request] = await askedOf("The reading room opens at ten.");
    expect(JSON.stringify(request?.body)).toContain(JSON.stringify("[page 2]\nThe reading room").slice(1, -1));
    expect(await eventTypesOf(company)).toContain("agent.context_uploaded");
    for (const own of added) expect((await company.call("DELETE", own)).status).toBe(204);
  });

  it.each<[string, Format, Uint8Array]>([
    ["encrypted_file", "pdf", pdf([drawn("x")], { trailer: LOCKED })],
    ["damaged_file", "docx", docx(paragraph("x")).subarray(0, 400)],
    ["wrong_media_type", "xlsx", docx(paragraph("x"))],
    ["no_text", "pdf", pdf([""])],
    ["unpacks_too_large", "docx", docx("", { "word/document.xml": "0".repeat(4_000_000) })],
    ["text_too_large", "html", Buffer.from(`<p>${"word ".repeat(200_001)}`)],
  ])("fails with %s, is given to nobody, and is mended by another upload", async (code, format, bytes) => {
    const own = await add(format, bytes);
    const failed = await settled(own);
    expect(failed).toMatchObject({ status: "failed", error: { code }, content: null, content_bytes: 0 });
    expect(failed.error.message).toMatch(/upload|Split|OCR/);
    const asked = await company.call("POST", `${path}/execute`, { message: "Hi" });
    expect(asked.body.contexts).toEqual([]);
    const page = Buffer.from("<p>Mended");
    const anew = await company.call("POST", `${own}/upload`, fileOf("html", page));
    expect([anew.status, anew.body.status, anew.body.error]).toEqual([201, "pending", null]);
    await send(own, anew.body.upload, page);
    expect(await settled(own)).toMatchObject({ status: "ready", error: null, content: "Mended" });
    expect((await company.call("DELETE", own)).status).toBe(204);
  });
});
