import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { costOf } from "../../../functions/models/calls/resolve.ts";
import { listModels, type ProviderSettings, providerToRead, resolveWith } from "../../../functions/models/model.ts";
import { lastFour, providerIssues } from "../../../functions/models/providers/rules.ts";
import { findModel, models } from "../../../functions/models/rules/catalogue.ts";

const AT = new Date("2026-11-15T00:00:00Z");
const settings = (more: Partial<ProviderSettings> = {}): ProviderSettings => ({
  name: "acme",
  type: "openai_compatible",
  display_name: "Acme",
  base_url: "https://models.example.com/v1",
  resource_name: null,
  api_version: null,
  deployment: null,
  api_key_last4: null,
  models: [{ name: "small", provider_model_id: "vendor/small:1", price: { input: 1_000_000, output: 3_000_000 } }],
  updated_at: "2026-11-01T00:00:00.000Z",
  ...more,
});

describe("a model's id", () => {
  test("resolves to the model of that id or to none, never to another one", () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.constantFrom(...models.map(({ id }) => id)), fc.constant("acme/small")),
        (id) => {
          const resolved = resolveWith(id, settings(), AT);
          const expected = findModel(id)?.id ?? (id === "acme/small" ? id : undefined);
          expect(resolved?.model.id).toBe(expected);
        },
      ),
    );
  });

  test("of an organization's own is called as the server calls it, at the organization's price", () => {
    const own = resolveWith("acme/small", settings(), AT);
    expect(own).toMatchObject({
      source: "organization",
      configured: true,
      model: { provider_model_id: "vendor/small:1" },
    });
    if (own === undefined) throw new Error("no model");
    const calls = [
      { tokens_in: 10, tokens_out: 1, estimated: false },
      { tokens_in: 10, tokens_out: 1, estimated: false },
    ];
    expect(costOf(own, calls)).toEqual({ cost_usd_micros: 26, price_version: "acme@2026-11-01T00:00:00.000Z" });
  });

  test("names the provider whose settings decide, and none for names that nobody can have", () => {
    expect(providerToRead("openai/gpt-4o")).toBe("openai");
    expect(providerToRead("gpt-4o")).toBe("openai");
    expect(providerToRead("acme/small")).toBe("acme");
    for (const id of ["openai/none", "openai_compatible/x", "ACME/x", "x", "/x", ""])
      expect(providerToRead(id)).toBeUndefined();
  });
});

test("the list holds each model once, sorted, with what is configured", () => {
  const listed = listModels(
    [settings(), settings({ name: "openai", type: "openai", models: [], api_key_last4: "abcd" })],
    AT,
  );
  const ids = listed.map(({ model }) => model.id);
  expect(ids).toEqual([...new Set(ids)].sort());
  expect(ids).toContain("acme/small");
  const configured = new Set(listed.filter((one) => one.configured).map(({ provider }) => provider));
  expect([...configured].sort()).toEqual(["acme", "amazon-bedrock", "openai"]);
});

describe("a provider's settings", () => {
  const stored = (more: Partial<ProviderSettings>) => ({
    ...settings(more),
    organization_id: "org_a",
    sealed_api_key: "sealed",
    created_at: "",
    etag: "",
  });

  test("keep a stored key only for the place it was given for", () => {
    const paths = (base_url: string) =>
      providerIssues("openai_compatible", { base_url }, stored({})).map(({ path }) => path);
    expect(paths("https://models.example.com/v2")).toEqual([]);
    expect(paths("https://other.example.com/v1")).toEqual(["api_key"]);
    expect(paths("http://models.example.com/v1")).toEqual(["api_key"]);
    const azure = stored({ name: "azure", type: "azure", base_url: null, resource_name: "acme", models: [] });
    expect(providerIssues("azure", { resource_name: "acme" }, azure)).toEqual([]);
    expect(providerIssues("azure", { resource_name: "other" }, azure).map(({ path }) => path)).toEqual(["api_key"]);
    expect(providerIssues("azure", { resource_name: "acme", base_url: "https://x.example.com" }, azure)).toHaveLength(
      1,
    );
  });

  test("show at most four characters of a key, and nothing of a short one", () => {
    fc.assert(
      fc.property(fc.string(), (key) => {
        const shown = lastFour(key);
        expect(shown.length).toBeLessThanOrEqual(4);
        expect(key.endsWith(shown)).toBe(true);
        if (key.length < 12) expect(shown).toBe("");
      }),
    );
  });
});
