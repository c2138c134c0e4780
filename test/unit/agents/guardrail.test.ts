import { expect, it } from "vitest";
import { guardrailIssues } from "../../../functions/agents/definition/catalogue.ts";
import { guardrailSchema } from "../../../functions/agents/model.ts";
import { unmetered } from "../../../functions/models/calls/meter.ts";
import { modelCall } from "../../../functions/models/calls/resolve.ts";
import { modelError } from "../../../functions/models/calls/rules/errors.ts";
import { resolveWith } from "../../../functions/models/model.ts";

const guardrail = { id: "gr8zq1p4x0c2", version: "DRAFT" };
const BEDROCK = "amazon-bedrock/claude-haiku-4-5";

it("a guardrail stands before models of Amazon Bedrock only, every other one is named", () => {
  const issues = guardrailIssues(
    { guardrail, model_id: "openai/gpt-4o", fallback_model_ids: [BEDROCK, "lab/m"] },
    "document.agents.0.",
  );
  expect(issues.map(({ path }) => path)).toEqual([
    "document.agents.0.model_id",
    "document.agents.0.fallback_model_ids.1",
  ]);
  expect(guardrailIssues({ guardrail, model_id: BEDROCK, fallback_model_ids: [BEDROCK] })).toEqual([]);
  expect(guardrailIssues({ guardrail: null, model_id: "openai/gpt-4o", fallback_model_ids: [] })).toEqual([]);
});

it.each([
  [{ id: "gr8zq1p4x0c2", version: "1" }, true],
  [{ id: "gr8zq1p4x0c2", version: "DRAFT" }, true],
  [{ id: "gr8zq1p4x0c2", version: "0" }, false],
  [{ id: "gr8zq1p4x0c2", version: "draft" }, false],
  [{ id: "arn:aws:bedrock:eu-central-1:123456789012:guardrail/x", version: "1" }, false],
  [{ id: "", version: "1" }, false],
  [{ id: "GR", version: "1" }, false],
])("%j is a guardrail: %s", (value, valid) => {
  expect(guardrailSchema.safeParse(value).success).toBe(valid);
});

it("a model that is served elsewhere is not called with a guardrail, whatever was saved", async () => {
  const model = resolveWith("openai/gpt-4o", undefined, new Date());
  if (model === undefined) throw new Error("in the catalogue");
  const never = () => {
    throw new Error("nothing is to be called");
  };
  const deps = {
    secrets: { encrypt: never, decrypt: never },
    invoker: { generate: never, stream: never },
  } as unknown as Parameters<typeof modelCall>[0];
  const result = await modelCall(
    deps,
    "org_1",
    { ...model, stored: undefined },
    {
      messages: [{ role: "user", content: "Hello" }],
      guardrail,
      idempotency_key: "k",
      timeout_ms: 1_000,
      meter: unmetered,
    },
  );
  expect(result).toMatchObject({ ok: false, error: { code: "guardrail_unsupported", retryable: false }, calls: [] });
});

it.each([
  ["stopped", false, []],
  ["answered", true, ["Hel", "lo"]],
] as const)("of a guarded answer that is %s a reader gets nothing before it is whole", async (_, ok, told) => {
  const model = resolveWith(BEDROCK, undefined, new Date());
  if (model === undefined) throw new Error("in the catalogue");
  const said: string[] = [];
  const none = { model: BEDROCK, usage: { tokens_in: 1, tokens_out: 1 }, calls: [], tool_calls: [], retries: 0 };
  const result = ok
    ? { ...none, ok: true, content: "Hello", finish_reason: "stop" }
    : { ...none, ok: false, error: modelError("guardrail_intervened") };
  const invoker = {
    async *stream() {
      yield { type: "text", text: "Hel" };
      yield { type: "text", text: "lo" };
      expect(said).toEqual([]);
      yield { type: "done", result };
    },
  };
  const deps = { secrets: {}, invoker } as unknown as Parameters<typeof modelCall>[0];
  const call = {
    messages: [{ role: "user", content: "Hello" }] as const,
    guardrail,
    idempotency_key: "k",
    timeout_ms: 1_000,
    meter: unmetered,
  };
  await modelCall(
    deps,
    "org_1",
    { ...model, stored: undefined },
    { ...call, messages: [...call.messages] },
    (event) => {
      if (event.type === "text") said.push(event.text);
    },
  );
  expect(said).toEqual(told);
});
