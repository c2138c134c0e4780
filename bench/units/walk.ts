import { S3Client } from "@aws-sdk/client-s3";
import { denialOf } from "../../functions/runs/engine/rights.ts";
import type { AttemptResult, Parked } from "../../functions/runs/engine/rules/outcome.ts";
import type { Ticket } from "../../functions/runs/engine/rules/ticket.ts";
import { runTask } from "../../functions/runs/engine/task.ts";
import * as sdk from "../../shared/blobs/lazy/s3.ts";
import { createBlobs } from "../../shared/blobs/s3.ts";
import { systemClock } from "../../shared/clock.ts";
import { silentLog } from "../../shared/observability/log.ts";
import { BUCKET, type Tenant, type World } from "./world.ts";

export interface Cost {
  readonly invocations: number;
  readonly transitions: number;
  readonly reads: number;
  readonly writes: number;
}

/** By kind: a config, and whether its work waits to be woken. */
const kinds: Readonly<Record<string, { readonly config: object; readonly waits?: true }>> = {
  transform: { config: { expression: "input" } },
  merge: { config: {} },
  http: { config: { url: "https://a.example/" } },
  wait: { config: { seconds: 1 }, waits: true },
};
export const kindsMeasured = Object.keys(kinds);

/** What a run through a chain of so many nodes of a kind costs, from its first task to its end. */
export async function walkCost({ counter }: World, tenant: Tenant, kind: string, count: number): Promise<Cost> {
  const { config, waits = false } = kinds[kind] ?? { config: {} };
  const ids = Array.from({ length: count }, (_, i) => `n${i}`);
  const all = ["in", ...ids, "out"];
  const node = (id: string, of: string, its: object = {}) => ({ id, kind: of, label: id, config: its });
  const graph = {
    nodes: [node("in", "input"), ...ids.map((id) => node(id, kind, config)), node("out", "output")],
    connections: all.slice(1).map((target, i) => ({ id: `c${i}`, source: all[i], target })),
  };
  const made = await tenant.call("POST", "/pipelines", { name: `${kind} ${count}`, pattern: "custom" });
  const path = `/pipelines/${made.body.id}`;
  await tenant.call("PUT", `${path}/graph`, graph);
  const started = await tenant.call("POST", `${path}/runs`, { mode: "test", input: { n: 1 } });
  const run_id = String(started.body.id);
  const blobs = createBlobs(sdk, new S3Client({ forcePathStyle: true }), BUCKET);
  let [invocations, transitions] = [0, 0];
  let parked: string | undefined;
  const asked = new Set<string>();
  const work = async (key: string): Promise<AttemptResult | Parked> => {
    if (!waits || asked.has(key)) return { ok: true, output: { done: true } };
    asked.add(key);
    parked = key.split("/")[0];
    return { parked: true };
  };
  const task = (ticket: Ticket | null, hops: number) => {
    invocations++;
    // The task and the choice after it.
    transitions += 2;
    return runTask(
      { tenant: tenant.owner.organization_id, run_id, ticket, hops, execution: run_id },
      {
        table: tenant.table,
        blobs,
        clock: systemClock,
        log: silentLog,
        denial: denialOf,
        worker:
          ({ store }) =>
          async ({ node: of, attempt }) => {
            const result = await work(`${of.id}/${attempt}`);
            if ("parked" in result) store.waits(of, attempt, { waits_for: "time", message: "It waits." });
            return result;
          },
      },
    );
  };
  const { reads, writes } = await counter.of(async () => {
    const tickets: (Ticket | null)[] = [null];
    for (let ticket = tickets.shift(); ticket !== undefined; ticket = tickets.shift()) {
      const answer = await task(ticket, 0);
      // The map over the forks, a start and an end for each, and the choice after it.
      if (answer.forks.length > 0) transitions += 2 + 2 * answer.forks.length;
      tickets.push(...answer.forks.map((fork) => fork.ticket));
      if (answer.ticket !== null) tickets.push(answer.ticket);
      else transitions++;
      // Whoever wakes a step starts an execution for it.
      if (parked !== undefined) tickets.push({ node: parked, attempt: 1, woken: true });
      parked = undefined;
    }
  });
  const { body } = await tenant.call("GET", `/runs/${run_id}`);
  if (body.status !== "completed") throw new Error(`a walk over ${count} of ${kind} is ${body.status}`);
  await tenant.call("DELETE", path);
  return { invocations, transitions, reads, writes };
}
