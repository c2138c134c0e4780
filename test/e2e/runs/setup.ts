import { createAgent, scriptedModel } from "../../support/agents.ts";
import { type Company, eventually, registerCompany, unique } from "../../support/api.ts";

/** A company with an active agent that the scripted model server answers for. */
export interface Lab {
  readonly company: Company;
  readonly agent_id: string;
}

export async function lab(at?: Company): Promise<Lab> {
  const company = at ?? (await registerCompany());
  const model_id = await scriptedModel(company);
  return { company, agent_id: await activeAgent(company, { model_id }) };
}

export async function activeAgent(company: Company, more: Record<string, unknown>): Promise<string> {
  const agent = await createAgent(company, more);
  const active = await company.call("POST", `/agents/${agent.id}/activate`, {});
  if (active.status !== 200) throw new Error(`not active: ${active.text}`);
  return agent.id;
}

export type Node = { readonly id: string; readonly kind: string; readonly config?: object };
export type Edge = readonly [source: string, target: string, handle?: string];

/** A graph in short: nodes with their config, connections as pairs. */
export const graphOf = (nodes: readonly Node[], edges: readonly Edge[]) => ({
  nodes: nodes.map(({ config = {}, ...node }) => ({ ...node, label: node.id, config })),
  connections: edges.map(([source, target, handle], i) => ({
    id: `c${i}`,
    source,
    target,
    ...(handle === undefined ? {} : { source_handle: handle }),
  })),
});

/** A draft pipeline with this graph; gives its id. */
export async function pipelineWith(company: Company, graph: object, pattern = "sequential"): Promise<string> {
  const created = await company.call("POST", "/pipelines", { name: unique("Pipeline"), pattern });
  if (created.status !== 201) throw new Error(`no pipeline: ${created.text}`);
  await redraw(company, created.body.id, graph);
  return created.body.id;
}

export async function redraw(company: Company, pipeline_id: string, graph: object): Promise<void> {
  const saved = await company.call("PUT", `/pipelines/${pipeline_id}/graph`, graph);
  if (saved.status !== 200) throw new Error(`no graph: ${saved.text}`);
  if (!saved.body.validation.valid) throw new Error(`not valid: ${JSON.stringify(saved.body.validation.errors)}`);
}

/** Starts a test run of the newest revision; gives its id. */
export async function testRun(company: Company, pipeline_id: string, body: object = {}): Promise<string> {
  const started = await company.call("POST", `/pipelines/${pipeline_id}/runs`, { mode: "test", ...body });
  if (started.status !== 202) throw new Error(`not started: ${started.status} ${started.text}`);
  return started.body.id;
}

const LIVE = ["queued", "running"];

// biome-ignore lint/suspicious/noExplicitAny: tests look into answers of many shapes
export const ended = (company: Company, run_id: string, seconds = 60): Promise<any> =>
  eventually(
    async () => {
      const { body } = await company.call("GET", `/runs/${run_id}`);
      return LIVE.includes(body.status) ? undefined : body;
    },
    `run ${run_id} ends`,
    seconds,
  );

/** All pages of a list of the run. */
// biome-ignore lint/suspicious/noExplicitAny: tests look into answers of many shapes
export async function pages(company: Company, path: string): Promise<any[]> {
  const items = [];
  let cursor = "";
  do {
    const page = await company.call("GET", `${path}?limit=100${cursor}`);
    if (page.status !== 200) throw new Error(`no list: ${page.text}`);
    items.push(...page.body.items);
    cursor = page.body.next_cursor === null ? "" : `&cursor=${encodeURIComponent(page.body.next_cursor)}`;
  } while (cursor !== "");
  return items;
}
