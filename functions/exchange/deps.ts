export { type AgentDeps as ExchangeDeps, agentDeps as exchangeDeps } from "../agents/portable/public.ts";
