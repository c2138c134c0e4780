import { describe, expect, it } from "vitest";
import { registerCompany } from "../../support/api.ts";
import { addMember } from "../../support/members.ts";

/** Reads CSV as RFC 4180 says. */
function parseCsv(text: string): string[][] {
  const rows: string[][] = [[]];
  let cell = "";
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (quoted) {
      if (c !== '"') cell += c;
      else if (text[i + 1] === '"') {
        cell += '"';
        i++;
      } else quoted = false;
    } else if (c === '"') quoted = true;
    else if (c === "," || c === "\r") {
      rows.at(-1)?.push(cell);
      cell = "";
      if (c === "\r" && text[++i] === "\n") rows.push([]);
    } else cell += c;
  }
  rows.pop();
  return rows;
}

// biome-ignore lint/suspicious/noExplicitAny: lines as anybody reads them.
const linesOf = (text: string): any[] =>
  text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
const byId = (entries: readonly { readonly id: string }[]) => [...entries].sort((a, b) => (a.id < b.id ? -1 : 1));

describe("an export of the audit log", () => {
  it("as JSON lines has every entry in order, its own too, and is on record", async () => {
    const company = await registerCompany();
    const file = await company.call("GET", "/audit/export");
    expect(file.status).toBe(200);
    expect(file.headers.get("content-type")).toBe("application/x-ndjson");
    expect(file.headers.get("content-disposition")).toMatch(/^attachment; filename="audit_logs_\d{8}_\d{6}\.jsonl"$/);
    const [header, ...entries] = linesOf(file.text);
    expect(header).toMatchObject({ line: "export", organization_id: company.organization_id, start: null, from: null });
    expect(entries.map(({ sequence }) => sequence)).toEqual(entries.map((_, i) => i));
    const log = await company.call("GET", "/audit/logs?limit=100");
    const shown = entries.map(({ line, salts, expires_at, leaf_hash, ...entry }) => entry);
    expect(byId(shown)).toEqual(byId(log.body.items));
    const exported = entries.find(({ action }) => action === "audit.exported");
    expect(exported).toMatchObject({
      actor: { type: "user", id: company.user_id },
      resource: { type: "audit_log", id: company.organization_id },
    });
  });

  it("as CSV begins with a header and holds nothing that a spreadsheet would run", async () => {
    const company = await registerCompany();
    const name = '=HYPERLINK("http://evil.example","a,b")';
    const renamed = await company.call("PATCH", `/organizations/${company.organization_id}`, { name });
    expect(renamed.status).toBe(200);
    const file = await company.call("GET", "/audit/export?format=csv", undefined, { "user-agent": "@SUM(A1)" });
    expect(file.headers.get("content-type")).toBe("text/csv; charset=utf-8; header=present");
    const [header, ...rows] = parseCsv(file.text);
    expect(header?.slice(0, 5)).toEqual(["id", "occurred_at", "actor_type", "actor_id", "action"]);
    expect(rows.every((cells) => cells.length === header?.length)).toBe(true);
    expect(rows.flat().filter((cell) => /^[=+\-@\t\r]/.test(cell))).toEqual([]);
    const column = header?.indexOf("resource_name") ?? -1;
    expect(rows.map((cells) => cells[column])).toContain(`'${name}`);
  });

  it("as OCSF has an event for each entry", async () => {
    const company = await registerCompany();
    const file = await company.call("GET", "/audit/export?format=ocsf");
    expect(file.headers.get("content-type")).toBe("application/x-ndjson");
    expect(file.headers.get("content-disposition")).toMatch(/filename="audit_logs_\d{8}_\d{6}\.ocsf\.jsonl"$/);
    const log = await company.call("GET", "/audit/logs?limit=100");
    const events = linesOf(file.text);
    expect(events.map(({ metadata }) => metadata.uid).sort()).toEqual(
      log.body.items.map(({ id }: { id: string }) => id).sort(),
    );
    expect(events.find(({ api }) => api.operation === "audit.exported")).toMatchObject({
      class_uid: 6003,
      activity_name: "exported",
      actor: { user: { uid: company.user_id } },
      http_request: { http_method: "GET", url: { path: "/api/v1/audit/export" } },
    });
  });

  it("without entries still has its header", async () => {
    const company = await registerCompany();
    const file = await company.call("GET", "/audit/export?format=csv&to=2020-01-01T00:00:00Z");
    expect(parseCsv(file.text)).toHaveLength(1);
    const [header, ...lines] = linesOf((await company.call("GET", "/audit/export?to=2020-01-01T00:00:00Z")).text);
    // Its first head is younger than that time by two days and more: what it has is shown to be of another.
    expect(header).toMatchObject({ line: "export", start: null, end: { size: lines.length } });
    expect(lines.map(({ line, why }) => [line, why])).toEqual(lines.map(() => ["leaf", "outside"]));
  });

  it("needs a permission of its own and knows its formats", async () => {
    const company = await registerCompany();
    const viewer = await addMember(company, "viewer");
    const refused = await viewer.call("GET", "/audit/export");
    expect([refused.status, refused.body.permission]).toEqual([403, "audit:export"]);
    expect((await company.call("GET", "/audit/export?format=xml")).status).toBe(422);
  });
});
