import { describe, expect, test } from "vitest";
import { copyConfig, mergeConfig, sealConfig } from "../../../functions/agents/tools/config.ts";
import type { Sealer } from "../../../shared/http/platform.ts";
import { createSecrets } from "../../../shared/secrets/index.ts";
import { sealer } from "../../../shared/secrets/sealer.ts";
import { memoryKeys } from "../secrets/memory-keys.ts";

const secrets: Sealer = sealer(createSecrets({ keys: memoryKeys() }));
const TENANT = "org_a";
const input = {
  tool_type: "api" as const,
  config: {
    endpoint: "https://api.example.com/{id}",
    method: "GET" as const,
    headers: { accept: "text/plain" },
    secret_headers: { Authorization: "Bearer one", "X-Key": "two-two" },
    parameters: { type: "object", properties: { id: { type: "string" } } },
  },
};
const stored = () => sealConfig(secrets, TENANT, "tol_1", { input, kept: {} });
const headers = (config: Record<string, unknown>) => config.secret_headers as Record<string, string>;
const open = (config: Record<string, unknown>, tool: string, header: string) =>
  secrets.decrypt(headers(config)[header] ?? "", {
    purpose: "tool_headers",
    tenant: TENANT,
    field: "agent_tool.secret_header",
    tool,
    header: header.toLowerCase(),
  } as never);

describe("a tool's stored configuration", () => {
  test("holds no secret in clear, and each opens for its own tool and header only", async () => {
    const config = await stored();
    expect(JSON.stringify(config)).not.toMatch(/Bearer one|two-two/);
    expect(await open(config, "tol_1", "Authorization")).toBe("Bearer one");
    await expect(open(config, "tol_2", "Authorization")).rejects.toThrow();
    const swapped = { secret_headers: { Authorization: headers(config)["X-Key"] ?? "" } };
    await expect(open(swapped, "tol_1", "Authorization")).rejects.toThrow();
  });

  test("keeps the ciphertext of secrets that a patch does not name", async () => {
    const config = await stored();
    const merged = mergeConfig("api", config, { timeout_ms: 500, secret_headers: { "x-key": "new-new" } });
    const next = await sealConfig(secrets, TENANT, "tol_1", merged);
    expect(headers(next).Authorization).toBe(headers(config).Authorization);
    expect(Object.keys(headers(next))).toEqual(["Authorization", "x-key"]);
    expect(await open(next, "tol_1", "x-key")).toBe("new-new");
  });

  test("lets no kept secret follow to another scheme, host or port, but to another path", async () => {
    const config = await stored();
    const issuesAt = (endpoint: string) => mergeConfig("api", config, { endpoint }).issues.map(({ path }) => path);
    for (const endpoint of [
      "https://evil.example.com/{id}",
      "http://api.example.com/{id}",
      "https://api.example.com:8443/{id}",
    ])
      expect(issuesAt(endpoint)).toEqual(["config.secret_headers.Authorization", "config.secret_headers.X-Key"]);
    expect(issuesAt("https://api.example.com/v2/{id}")).toEqual([]);
    const cleared = mergeConfig("api", config, { endpoint: "https://evil.example.com/{id}", secret_headers: null });
    expect([cleared.issues, cleared.kept]).toEqual([[], {}]);
  });

  test("is checked as a whole after the merge", async () => {
    const config = await stored();
    expect(() => mergeConfig("api", config, { secret_headers: "x" })).toThrow(/secret_headers/);
    expect(() => mergeConfig("api", config, { endpoint: null })).toThrow(/endpoint/);
    expect(() => mergeConfig("api", config, { secret_headers: { "X-New": "" } })).toThrow(/secret_headers/);
  });

  test("is copied to another tool with secrets that open for the copy", async () => {
    const copy = await copyConfig(secrets, TENANT, "tol_1", "tol_2", await stored());
    expect(await open(copy, "tol_2", "Authorization")).toBe("Bearer one");
  });
});
