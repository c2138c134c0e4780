/** What other rooms may use of models. */
export type { ChatMessage, FinishReason, ToolCall, ToolOutcome, ToolSpecification } from "./call.ts";
export { defaultModelId, type Model } from "./catalogue.ts";
export { type ModelError, type ModelErrorCode, modelError } from "./errors.ts";
export { createModelInvoker, type ModelInvoker } from "./invoke.ts";
export type { ResolvedModel } from "./model.ts";
export {
  type CallableModel,
  costOf,
  type ModelCall,
  type ModelCallDeps,
  modelCall,
  providerChecks,
  resolveModel,
  unknownModel,
} from "./resolve.ts";
export {
  admitTokens,
  monthUsage,
  type Usage,
  type UsageRecord,
  type UsageSource,
  type UsageTotals,
  usageCounterItem,
  usageItem,
  usageWrites,
} from "./usage.ts";
