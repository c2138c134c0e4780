import * as z from "zod";
import { operation } from "../../shared/http/operation.ts";
import { idSchema } from "../../shared/ids.ts";
import { agentLimits, agentPath } from "../agents/model.ts";
import { wholeAgentResource } from "../agents/resources.ts";
import { retrievedSchema } from "../agents/retrieved/public.ts";
import { inspectionOperations } from "./inspection/operations.ts";
import { promptChoice } from "./run/rules/choice.ts";
import { MAX_STEPS } from "./run/rules/limits.ts";
import { includedSchema, usedMaterial } from "./run/rules/material.ts";

/** A conversation is held by its two sides; a `system` turn would let a caller replace the agent's prompt. */
const turn = z
  .strictObject({
    role: z.enum(["user", "assistant"]),
    content: z.string().min(1).max(agentLimits.message),
  })
  .meta({ id: "ConversationTurn" });

const variables = z
  .record(
    z.string().regex(/^[A-Za-z_]\w{0,63}$/, "must be a name of letters, digits and _"),
    z.string().max(agentLimits.variable),
  )
  .refine(
    (value) => Object.keys(value).length <= agentLimits.variables,
    `must have at most ${agentLimits.variables} names`,
  );

const ask = z.strictObject({
  message: z
    .string()
    .min(1)
    .max(agentLimits.message)
    .optional()
    .meta({ description: "Needed unless a prompt is named, whose last message it is then.", example: "Hello!" }),
  prompt: promptChoice.optional(),
  conversation_history: z.array(turn).max(agentLimits.history).default([]),
  variables: variables.default({}).meta({ description: "Replace `{{name}}` in the agent's prompt." }),
  version: z.int().min(1).optional().meta({ description: "A version; else the working copy." }),
  limits: z
    .strictObject({
      steps: z.int().min(1).max(MAX_STEPS).meta({ description: "Calls to the model, tools in between." }),
      seconds: z
        .int()
        .min(1)
        .max(300)
        .meta({ description: "For all of it, tools included. Execute takes 25 at most." }),
      cost_usd_micros: z.int().min(1).meta({
        description: "Once so much is spent, no further call is made. A model without a price spends nothing.",
      }),
    })
    .partial()
    .default({})
    .meta({ id: "ExecutionLimits", description: "What this execution may take at most." }),
  thread_id: idSchema("thread")
    .optional()
    .meta({ description: "A conversation of yours with this agent, which is then the history." }),
});
const body = ask
  .refine((value) => value.message !== undefined || value.prompt !== undefined, {
    path: ["message"],
    message: "is required where no prompt is named",
  })
  .refine((value) => value.message !== undefined || value.thread_id === undefined, {
    path: ["message"],
    message: "is required in a thread, which keeps it",
  })
  .refine((value) => value.thread_id === undefined || value.conversation_history.length === 0, {
    path: ["conversation_history"],
    message: "is the thread's own where one is named",
  });

export const usageSchema = z.object({ tokens_in: z.int(), tokens_out: z.int(), tokens_total: z.int() });

export const executionSchema = z
  .object({
    execution_id: idSchema("execution"),
    agent_id: idSchema("agent"),
    version: z.int().nullable(),
    thread_id: idSchema("thread").nullable(),
    thread: z
      .object({
        turn: z.int().meta({ description: "As which turn of the thread it is kept." }),
        turns_left_out: z.int().meta({ description: "The oldest turns, for which the prompt had no room." }),
      })
      .nullable(),
    content: z.string(),
    object: z
      .unknown()
      .optional()
      .meta({ description: "The answer as a value, where the agent has a response schema." }),
    model: z.string(),
    finish_reason: z.enum(["stop", "length", "max_steps", "max_cost", "other"]),
    repaired: z.boolean().meta({
      description:
        "The first answer did not match the response schema, and the model was asked once more. Of a stream the pieces are the first answer's.",
    }),
    tried: z
      .array(
        z.object({
          model: z.string(),
          code: z.string(),
          tokens_in: z.int(),
          tokens_out: z.int(),
          cost_usd_micros: z.int(),
        }),
      )
      .meta({ description: "Models that failed before this one answered; `usage` and the cost are of all of them." }),
    retries: z.int().meta({ description: "How often the provider was waited for, as it had asked." }),
    usage: usageSchema,
    cost_usd_micros: z.int(),
    price_version: z.string(),
    tool_calls: z.array(z.object({ id: z.string(), name: z.string(), ok: z.boolean(), code: z.string().optional() })),
    contexts: z.array(z.object({ context_id: z.string(), name: z.string(), included: includedSchema })),
    ...usedMaterial,
    retrieved: retrievedSchema,
    unavailable_tools: z.array(
      z.object({ tool_id: z.string(), name: z.string(), code: z.string(), message: z.string() }),
    ),
    created_at: z.string(),
  })
  .meta({ id: "AgentExecution", description: "One answer of an agent." });
export type Execution = z.output<typeof executionSchema>;

const errors = [
  "conflict",
  "quota_exceeded",
  "unknown_model",
  "provider_failed",
  "provider_not_configured",
  "provider_timeout",
  "provider_unavailable",
  "tool_server_failed",
] as const;

export const executeOperations = {
  execute: operation({
    id: "agents.execute",
    method: "POST",
    path: "/agents/{agent_id}/execute",
    summary: "Send an agent a message and wait for its answer",
    description:
      "Contexts and tools take part. In a thread the message and its answer are kept once it is there, and one message is answered at a time: another one is refused with `conflict` meanwhile. The answer must come within 25 seconds; stream it, or run the agent, where it may take longer.",
    permission: "agents:execute",
    resource: wholeAgentResource,
    request: { path: agentPath, body },
    response: executionSchema,
    success: 200,
    errors,
    outside_effect: true,
    continues_trace: true,
  }),
} as const;

export const streamOperations = {
  executeStream: operation({
    id: "agents.execute_stream",
    method: "POST",
    path: "/agents/{agent_id}/execute/stream",
    summary: "Send an agent a message and read its answer while it is made",
    description:
      "Server-sent events: `start`, then `content` with pieces of the text, `tool_call` and `tool_result`, and in the end `done` with usage and cost, or `error`. The stream is held while the answer is made, 5 minutes at most, and cannot be resumed: an answer whose reader has left may still be made to its end, and is then recorded and paid for. A plan bounds how many streams an organization has open.",
    permission: "agents:execute",
    resource: wholeAgentResource,
    request: { path: agentPath, body },
    response: "events",
    success: 200,
    errors,
    continues_trace: true,
  }),
} as const;

/** One answer, whole behind the gateway, or streamed through a function URL; and what may be given to whoever answers. */
export const operations = { ...executeOperations, ...inspectionOperations, ...streamOperations } as const;
