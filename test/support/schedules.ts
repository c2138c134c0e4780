import { comesDue, listen } from "../../functions/schedules/consumers.ts";
import type { ScheduleDeps } from "../../functions/schedules/deps.ts";
import type { Envelope } from "../../shared/change/events.ts";
import { createAgent } from "./agents.ts";
import { type Company, unique } from "./api.ts";

/** A pipeline that is active; gives its id. */
export async function activePipeline(company: Company): Promise<string> {
  const did = async (method: string, path: string, body: unknown) => {
    const answer = await company.call(method, path, body);
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`);
    return answer.body;
  };
  const agent_id = (await createAgent(company)).id;
  await did("POST", `/agents/${agent_id}/activate`, {});
  const { id } = await did("POST", "/pipelines", { name: unique("Pipeline"), pattern: "sequential" });
  const kinds = ["input", "agent", "agent", "output"];
  await did("PUT", `/pipelines/${id}/graph`, {
    nodes: kinds.map((kind, i) => ({ id: `n${i}`, kind, label: kind, config: kind === "agent" ? { agent_id } : {} })),
    connections: [0, 1, 2].map((i) => ({ id: `c${i}`, source: `n${i}`, target: `n${i + 1}` })),
  });
  await did("POST", `/pipelines/${id}/activate`, {});
  return id;
}

/** A schedule of an active pipeline; with nothing else said, one that comes at the next new year. */
export async function scheduleOf(company: Company, more: object = {}, pipeline_id?: string) {
  const body = {
    name: unique("Schedule"),
    pipeline_id: pipeline_id ?? (await activePipeline(company)),
    trigger: { kind: "cron", cron: "0 0 1 1 *" },
    ...more,
  };
  const made = await company.call("POST", "/schedules", body);
  if (made.status !== 201) throw new Error(`no schedule: ${made.status} ${made.text}`);
  return made.body as { id: string; pipeline_id: string; next_at: string };
}

/** Works off what is due of a schedule at a time, as so many workers at once. */
export const comeDue = (company: Company, id: string, at: Date, deps: Omit<ScheduleDeps, "clock">, workers = 1) =>
  Promise.all(
    Array.from({ length: workers }, () =>
      comesDue(
        { tenant: company.organization_id, kind: "schedule", ref: id, at: at.toISOString() },
        { ...deps, clock: { now: () => at } },
      ),
    ),
  );

/** Hears an event, as so many workers at once. */
export const hear = (event: Envelope, deps: Omit<ScheduleDeps, "clock">, workers = 1) =>
  Promise.all(
    Array.from({ length: workers }, () =>
      listen(event, { ...deps, clock: { now: () => new Date(event.occurred_at) } }),
    ),
  );

export const firingsOf = async (company: Company, id: string) =>
  (await company.call("GET", `/schedules/${id}/firings`)).body.items;
