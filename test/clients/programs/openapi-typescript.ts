import createClient from "openapi-fetch";
import type { components, paths } from "./schema";

// What somebody writes with the types that openapi-typescript makes. It is compiled, never run.

const api = createClient<paths>({ baseUrl: "https://example.com" });

export async function use(): Promise<string> {
  const created = await api.POST("/api/v1/agents", {
    params: { header: { "Idempotency-Key": "one" } },
    body: { name: "Greeter", agent_type: "chat", model_id: "amazon-bedrock/claude-haiku-4-5" },
  });
  if (created.error !== undefined) {
    const { error } = created;
    // @ts-expect-error this operation does not answer with that code
    if (error.code === "weak_password") return "";
    return error.code === "unknown_model" ? "choose a model" : error.code;
  }
  const listed = await api.GET("/api/v1/agents", { params: { query: { status: "active" } } });
  const names: string[] = listed.data?.items.map((agent) => agent.name) ?? [];
  const body: components["schemas"]["AgentsCreateContextBody"] = {
    content_type: "text",
    name: "Facts",
    content: "Water boils at 100 °C.",
  };
  await api.POST("/api/v1/agents/{agent_id}/contexts", { params: { path: { agent_id: created.data.id } }, body });
  // @ts-expect-error an address is not what a text has
  const mixed: typeof body = { content_type: "text", name: "Facts", url: "https://example.com" };
  const lines = await api.GET("/api/v1/audit/export", { params: { query: { format: "csv" } }, parseAs: "text" });
  const text: string | undefined = lines.data;
  return [...names, mixed, text].join();
}

/** A receiver of events. */
export function receive(event: components["schemas"]["WebhookEvent"]): string {
  return event.type === "agent.created" ? event.data.agent_id : event.id;
}
