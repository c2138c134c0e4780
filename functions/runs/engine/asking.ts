/** The work of nodes that ask models, or call what agents call: a task that does neither reads none of it (ADR 24). */
export { workSupervisor } from "../supervising/work.ts";
export { workAgent, workSummary } from "./work-agent.ts";
export { workRouter } from "./work-router.ts";
export { workTool } from "./work-tool.ts";
