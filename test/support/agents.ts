import { inject } from "vitest";
import * as z from "zod";
import { type ApiAnswer, type Company, unique } from "./api.ts";

/** An agent as a test creates it; members that are given replace these. */
export const agentBody = (more: Record<string, unknown> = {}) => ({
  name: unique("Agent"),
  agent_type: "chat",
  model_id: "amazon-bedrock/claude-sonnet-4-5",
  system_prompt: "You help.",
  ...more,
});

const expectCreated = (answer: ApiAnswer): ApiAnswer => {
  if (answer.status !== 201) throw new Error(`not created: ${answer.status} ${answer.text}`);
  return answer;
};

/** Creates an agent and gives it as the API answered. */
// biome-ignore lint/suspicious/noExplicitAny: tests look into answers of many shapes
export async function createAgent(company: Company, more: Record<string, unknown> = {}): Promise<any> {
  return expectCreated(await company.call("POST", "/agents", agentBody(more))).body;
}

/** Stores the scripted model server as a provider of the company, and gives the id of its one model. */
export async function scriptedModel(company: Company, more: Record<string, unknown> = {}): Promise<string> {
  const answer = await company.call("PUT", "/models/providers/scripted", {
    base_url: `${inject("stack").modelServerUrl}/v1`,
    api_key: "scripted-key-0123456789",
    models: [
      {
        name: "small",
        provider_model_id: "scripted-small",
        supports: { response_schema: true },
        price: { input: 1_000_000, output: 2_000_000 },
        ...more,
      },
    ],
  });
  if (answer.status !== 200) throw new Error(`no model: ${answer.status} ${answer.text}`);
  return "scripted/small";
}

const recorded = z.object({ headers: z.record(z.string(), z.string()), body: z.any(), outcome: z.unknown() });

/** What the scripted model server was asked, newest last, where the body contains a text. */
export async function askedOf(contains: string): Promise<z.output<typeof recorded>[]> {
  const answer = await fetch(`${inject("stack").modelServerUrl}/_requests?contains=${encodeURIComponent(contains)}`);
  const asked = z.object({ requests: z.array(recorded) });
  return asked.parse(await answer.json()).requests;
}

/** Does something n times, four at a time: what has to be there before many come at once. */
export async function fill<T>(n: number, make: (i: number) => Promise<T>): Promise<T[]> {
  const made: T[] = [];
  while (made.length < n) {
    const batch = Array.from({ length: Math.min(4, n - made.length) }, (_, i) => make(made.length + i));
    made.push(...(await Promise.all(batch)));
  }
  return made;
}
