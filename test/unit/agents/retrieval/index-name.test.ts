import { describe, expect, it } from "vitest";
import { indexName } from "../../../../functions/agents/retrieval/rules/needed.ts";

describe("the name of an index", () => {
  it("is another one for whatever gives other numbers", () => {
    const own = { provider_model_id: "numbers", base_url: "https://models.example.com/v1" };
    const model = { id: "lab/numbers", dimensions: null };
    const names = [
      { ...model },
      { ...model, id: "lab/others" },
      { ...model, dimensions: 512 },
      { ...model, served: own },
      { ...model, served: { ...own, provider_model_id: "numbers-2" } },
      { ...model, served: { ...own, base_url: "https://other.example.com/v1" } },
    ].map(indexName);
    expect(new Set(names).size).toBe(names.length);
    expect(indexName({ ...model, served: { ...own } })).toBe(indexName({ ...model, served: own }));
  });
});
