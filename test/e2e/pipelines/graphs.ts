import type { ApiAnswer, Company } from "../../support/api.ts";
import { unique } from "../../support/api.ts";

/** A new draft with an empty graph; gives its path. */
export async function draftPipeline(company: Company, more: object = {}): Promise<string> {
  const created = await company.call("POST", "/pipelines", {
    name: unique("Pipeline"),
    pattern: "sequential",
    ...more,
  });
  if (created.status !== 201) throw new Error(`no pipeline: ${created.text}`);
  return `/pipelines/${created.body.id}`;
}

/** A new agent, active unless told otherwise; gives its id. */
export async function agentOf(company: Company, activate = true): Promise<string> {
  const models = await company.call("GET", "/models");
  const model = models.body.items.find((one: { status: string }) => one.status === "available");
  const body = { name: unique("Agent"), agent_type: "task", model_id: model.id };
  const created = await company.call("POST", "/agents", body);
  if (created.status !== 201) throw new Error(`no agent: ${created.text}`);
  if (activate) {
    const active = await company.call("POST", `/agents/${created.body.id}/activate`, {});
    if (active.status !== 200) throw new Error(`not active: ${active.text}`);
  }
  return created.body.id;
}

export const ends = [
  { id: "input-1", kind: "input", label: "Request", config: {} },
  { id: "output-1", kind: "output", label: "Answer", config: {} },
];

export const agentNode = (id: string, agent_id: string, more: object = {}) => ({
  id,
  kind: "agent",
  label: `Agent ${id}`,
  config: { agent_id, ...more },
});

/** input, these agents one after the other, output. */
export function chain(agent_ids: readonly string[]) {
  const steps = agent_ids.map((id, i) => agentNode(`agent-${i + 1}`, id));
  const ids = ["input-1", ...steps.map(({ id }) => id), "output-1"];
  return {
    nodes: [...ends, ...steps],
    connections: ids.slice(1).map((target, i) => ({ id: `c${i}`, source: ids[i], target })),
  };
}

export const withoutRequestId = ({ status, body: { request_id, ...body } }: ApiAnswer) => ({ status, body });
