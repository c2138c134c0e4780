import { describe, expect, it } from "vitest";
import { registerCompany } from "../../support/api.ts";

describe("If-Match of a webhook", () => {
  it("is asked of each operation that changes it: any state, one of several, never one that it had", async () => {
    const company = await registerCompany();
    const body = { name: "Hook", url: "https://hooks.example.com/a", events: ["agent.created"] };
    const created = await company.call("POST", "/webhooks", body);
    const path = `/webhooks/${created.body.id}`;
    const first = created.headers.get("etag") ?? "";
    const change = (match: string, name = match) => company.call("PATCH", path, { name }, { "if-match": match });

    expect((await change("*", "any")).status).toBe(200);
    expect((await change(first)).status).toBe(412);
    const now = (await company.call("GET", path)).headers.get("etag") ?? "";
    const several = `"01", ${now}`;
    const rotate = (match: string) =>
      company.call("POST", `${path}/rotate-secret`, { overlap_seconds: 0 }, { "if-match": match });
    expect((await rotate(first)).status).toBe(412);
    expect((await rotate(several)).status).toBe(200);
    expect((await company.call("DELETE", path, undefined, { "if-match": several })).status).toBe(412);
    expect((await company.call("DELETE", path, undefined, { "if-match": "*" })).status).toBe(204);
  });
});
