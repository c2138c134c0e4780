import type { AgentBundle } from "../../deployments/public.ts";

/** By tool: its secret headers, sealed. */
export type SecretHeaders = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** A bundle as what an agent is run from: its texts stand in it, and its tools have their secret headers again. */
export function contentOf({ definition, contexts, tools }: AgentBundle, secrets: SecretHeaders): object {
  return {
    definition,
    contexts: contexts.map(({ id, name, text }) => ({
      id,
      name,
      content_type: "text",
      is_active: true,
      status: "ready",
      error: null,
      url: null,
      file: null,
      content: { inline: text },
      content_bytes: Buffer.byteLength(text),
      truncated: false,
      fetched_at: null,
      attempt: null,
      etag: "",
    })),
    tools: tools.map(({ config, ...tool }) => ({
      ...tool,
      is_enabled: true,
      config: "secret_headers" in config ? { ...config, secret_headers: secrets[tool.id] ?? {} } : config,
    })),
  };
}
