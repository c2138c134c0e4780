import {
  type AgentsCreateContextBody,
  type AgentsCreateError,
  agentsCreate,
  agentsCreateContext,
  agentsList,
  auditExport,
  type WebhookEvent,
} from "./client";
import { client } from "./client/client.gen";

// What somebody writes with the client that @hey-api/openapi-ts makes. It is compiled, never run.

client.setConfig({ baseUrl: "https://example.com", auth: () => "token" });

export async function use(): Promise<string> {
  const created = await agentsCreate({
    body: { name: "Greeter", agent_type: "chat", model_id: "amazon-bedrock/claude-haiku-4-5" },
  });
  if (created.error !== undefined) return remedy(created.error);
  const listed = await agentsList({ query: { status: "active" } });
  const prompts: string | null = created.data.system_prompt;
  const names: string[] = listed.data?.items.map((agent) => agent.name) ?? [];
  const body: AgentsCreateContextBody = { content_type: "text", name: "Facts", content: "Water boils at 100 °C." };
  await agentsCreateContext({ path: { agent_id: created.data.id }, body });
  // @ts-expect-error an address is not what a text has
  const mixed: AgentsCreateContextBody = { content_type: "text", name: "Facts", url: "https://example.com" };
  const lines: string | undefined = (await auditExport({ query: { format: "csv" } })).data;
  return [prompts, ...names, mixed, lines].join();
}

/** The codes of an operation's errors are those that it answers with, told apart by the status. */
function remedy(error: AgentsCreateError): string {
  switch (error.status) {
    case 422:
      return error.code === "unknown_model" ? "choose a model" : (error.issues?.[0]?.path ?? "");
    case 409: {
      const code: "already_exists" | "idempotency_conflict" | "request_in_progress" = error.code;
      return code;
    }
    default:
      // @ts-expect-error this operation does not answer with that code
      return error.code === "weak_password" ? "" : error.title;
  }
}

/** A receiver of events. */
export function receive(event: WebhookEvent): string {
  return event.type === "agent.created" ? event.data.agent_id : event.id;
}
