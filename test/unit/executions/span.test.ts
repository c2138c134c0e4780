import { expect, it } from "vitest";
import { executionSpan } from "../../../functions/executions/tracing/public.ts";

const EXECUTION = "exe_01JDQ4X0Z5V8W3N7K2M9R6T1BC";

it("an execution whose event was told before events said where it stands has begun its trace", () => {
  const span = executionSpan({
    id: "evt_01JDQ4X0Z5V8W3N7K2M9R6T1BC",
    type: "agent.executed",
    version: 1,
    organization_id: "org_1",
    actor: { type: "user", id: "usr_1" },
    occurred_at: "2026-05-01T10:00:00.000Z",
    trace_id: "req_01JDQ4X0Z5V8W3N7K2M9R6T1BC",
    data: {
      agent_id: "agt_1",
      execution_id: EXECUTION,
      thread_id: "thr_1",
      version: null,
      outcome: "succeeded",
      error_code: null,
      model: "openai/gpt-4o-mini",
      tried: [],
      tokens_in: 10,
      tokens_out: 5,
      cost_usd_micros: 4,
      price_version: "1",
      tool_calls: 1,
      duration_ms: 250,
    },
  });
  expect(span).toMatchObject({
    trace_id: expect.stringMatching(/^[0-9a-f]{32}$/),
    parent_span_id: null,
    sampled: true,
    finished_at: "2026-05-01T10:00:00.250Z",
    error: undefined,
    attributes: {
      "gen_ai.provider.name": "openai",
      "kaizen.model.id": "openai/gpt-4o-mini",
      "gen_ai.conversation.id": "thr_1",
      "kaizen.execution.id": EXECUTION,
    },
  });
});
