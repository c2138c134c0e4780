import * as z from "zod";
import { operation } from "../../shared/http/operation.ts";
import { pageOf, pageQuery } from "../../shared/http/schemas.ts";
import { circuitFailureSchema, circuitStates } from "./circuits/rules/circuit.ts";
import { modelKindSchema, modelViewSchema, providerSettingsSchema } from "./model.ts";
import { providerInput } from "./providers/rules.ts";
import { modelResource, providerResource, providerSlotResource, storedProviderResource } from "./store.ts";

const providerName = z
  .string()
  .regex(/^[a-z][a-z0-9_-]{1,39}$/)
  .meta({
    description: "`openai`, `anthropic`, `google`, `azure`, or a name of your own for an OpenAI-compatible server.",
    example: "openai",
  });
const path = z.object({ provider: providerName });

const providerView = providerSettingsSchema
  .extend({
    credentials: z
      .enum(["iam_role", "api_key"])
      .meta({ description: "`iam_role`: called with the platform's own role, nothing is stored." }),
    configured: z.boolean(),
    required_settings: z.array(z.string()),
    updated_at: z.string().nullable(),
    circuit: z
      .object({
        state: z.enum(circuitStates).meta({
          id: "CircuitState",
          description:
            "`closed`: it is called as usual. `open`: calls fail at once until `retry_at`. `half_open`: one call tries whether it is well again.",
        }),
        since: z.string().nullable().meta({ description: "Since when it is so; null where it was never otherwise." }),
        retry_at: z.string().nullable(),
        recent_failures: z.int(),
        last_error: circuitFailureSchema.nullable(),
      })
      .meta({ id: "ModelCircuit", description: "Whether the organization's calls to the provider are let through." }),
  })
  .meta({ id: "ModelProvider", description: "A provider of language models. Its key is never shown." });

export const operations = {
  list: operation({
    id: "models.list",
    method: "GET",
    path: "/models",
    summary: "Models the organization can use",
    description: "The catalogue and the organization's own models, sorted by id, each with its price.",
    permission: "models:read",
    resource: { type: "model", list: true },
    request: {
      query: z.strictObject({
        ...pageQuery,
        provider: z.string().max(40).optional(),
        kind: modelKindSchema.optional(),
      }),
    },
    response: pageOf(modelViewSchema),
    success: 200,
    errors: [],
  }),
  get: operation({
    id: "models.get",
    method: "GET",
    path: "/models/{provider}/{model}",
    summary: "Read a model",
    description: "A model's id is its path: `GET /api/v1/models/amazon-bedrock/claude-sonnet-4-5`.",
    permission: "models:read",
    resource: modelResource,
    request: {
      path: z.object({ provider: z.string().min(1).max(40), model: z.string().min(1).max(160) }),
    },
    response: modelViewSchema,
    success: 200,
    errors: [],
  }),
  listProviders: operation({
    id: "models.list_providers",
    method: "GET",
    path: "/models/providers",
    summary: "Model providers and whether they are configured",
    permission: "models:read",
    resource: { type: "model_provider", list: true },
    request: { query: z.strictObject(pageQuery) },
    response: pageOf(providerView),
    success: 200,
    errors: [],
  }),
  getProvider: operation({
    id: "models.get_provider",
    method: "GET",
    path: "/models/providers/{provider}",
    summary: "Read a model provider",
    permission: "models:read",
    resource: providerResource,
    request: { path },
    response: providerView,
    success: 200,
    errors: [],
  }),
  putProvider: operation({
    id: "models.put_provider",
    method: "PUT",
    path: "/models/providers/{provider}",
    summary: "Configure a model provider",
    description:
      "Stores the organization's own key and settings, replacing earlier settings. A key that is left out stays as it is, unless the address changes: then it has to be given again.",
    permission: "models:update",
    resource: providerSlotResource,
    request: { path, body: providerInput },
    response: providerView,
    success: 200,
    errors: ["unsafe_url", "precondition_failed", "quota_exceeded"],
  }),
  resetCircuit: operation({
    id: "models.reset_circuit",
    method: "POST",
    path: "/models/providers/{provider}/reset-circuit",
    summary: "Call a model provider again at once",
    description:
      "A provider whose calls fail by its own fault, five within two minutes, is left alone for a while: calls fail at once with `provider_unavailable`, or go to the agent's next model. This lets them through again before that time is over. Storing its settings anew does the same.",
    permission: "models:update",
    resource: providerResource,
    request: { path },
    response: providerView,
    success: 200,
    errors: ["conflict"],
  }),
  deleteProvider: operation({
    id: "models.delete_provider",
    method: "DELETE",
    path: "/models/providers/{provider}",
    summary: "Remove a model provider's key and settings",
    description: "Agents that use its models answer `provider_not_configured`, or `unknown_model` for its own models.",
    permission: "models:update",
    resource: storedProviderResource,
    request: { path },
    response: "none",
    success: 204,
    errors: ["precondition_failed"],
  }),
} as const;

export type ProviderView = z.output<typeof providerView>;
