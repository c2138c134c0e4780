export {
  createOutbound,
  type Outbound,
  type OutboundConfig,
  type OutboundRequest,
  type OutboundResult,
} from "./client.ts";
export { OutboundError, type OutboundErrorCode, type OutboundFailure, outboundErrorMessages } from "./errors.ts";
export { headerProblem } from "./headers.ts";
export { checkUrl, defaultPolicy, type OutboundPolicy, type UrlCheck } from "./url.ts";
