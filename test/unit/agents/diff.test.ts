import { describe, expect, test } from "vitest";
import { difference } from "../../../functions/agents/versions/rules/diff.ts";
import type { SnapshotContent } from "../../../functions/agents/versions/rules/snapshot.ts";

const content = (more: Partial<SnapshotContent> = {}): SnapshotContent => ({
  definition: {
    fallback_model_ids: [],
    name: "A",
    description: "",
    agent_type: "chat",
    model_id: "m",
    system_prompt: "p",
    temperature: 0.7,
    max_tokens: 0,
    response_schema: null,
    cache_prompt: false,
    guardrail: null,
    retrieval: { mode: "auto", model_id: "amazon-bedrock/titan-embed-text-v2", top_k: 8, budget_tokens: 16_000 },
    capabilities: [],
    tags: [],
    metadata: {},
  },
  contexts: [],
  tools: [],
  ...more,
});
const tool = (secret: string) => ({
  id: "tol_1",
  tool_type: "api" as const,
  name: "t",
  description: "d",
  is_enabled: true,
  config: { endpoint: "https://a.example.com", secret_headers: { authorization: secret } },
});

describe("the difference of two versions", () => {
  test("is nothing for the same, and everything against nothing", () => {
    expect(difference(content(), content(), { prompts: true })).toEqual({ definition: [], contexts: [], tools: [] });
    const all = difference(undefined, content({ tools: [tool("x")] }), { prompts: true });
    expect(all.definition.map(({ field }) => field)).toContain("system_prompt");
    expect(all.tools).toEqual([{ id: "tol_1", name: "t", change: "added", fields: [] }]);
  });

  test("tells that a secret changed, never what it is or was", () => {
    const changed = difference(content({ tools: [tool("v1.old")] }), content({ tools: [tool("v1.new")] }), {
      prompts: true,
    });
    expect(changed.tools[0]?.fields.map(({ field }) => field)).toEqual(["config.secret_headers"]);
    expect(JSON.stringify(changed)).not.toMatch(/v1\./);
  });

  test("tells of prompts to who may not read them only that they differ", () => {
    const other = content({ definition: { ...content().definition, system_prompt: "q", name: "B" } });
    expect(difference(content(), other, { prompts: false }).definition).toEqual([
      { field: "name", old: "A", new: "B" },
      { field: "system_prompt", old: "(stored)", new: "(changed)" },
    ]);
  });
});
