/** What other rooms may use of models. */

export type { ChatMessage, FinishReason, ToolCall, ToolOutcome, ToolSpecification } from "./calls/call.ts";
export { type EmbeddingResult, TEXTS_PER_CALL } from "./calls/embed.ts";
export { createModelInvoker, type ModelInvoker } from "./calls/invoke.ts";
export type { CallMeter, OpenCall, StoredAnswer } from "./calls/meter.ts";
export {
  type CallableModel,
  costOf,
  type EmbeddingCall,
  embeddingCall,
  type ModelCall,
  type ModelCallDeps,
  modelCall,
  providerChecks,
  resolveModel,
  unknownModel,
  worstCostOf,
} from "./calls/resolve.ts";
export type { CallUsage } from "./calls/rules/counts.ts";
export { type ModelError, type ModelErrorCode, modelError, modelErrors } from "./calls/rules/errors.ts";
export { providerOfModelId, type ResolvedModel } from "./model.ts";
export { defaultModelId, GUARDED_PROVIDER, type Model } from "./rules/catalogue.ts";
export { apiKeyContext, modelProviderItem, providerOf, type StoredProvider } from "./store.ts";
