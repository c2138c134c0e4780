import { Problem } from "../../../shared/errors.ts";
import type { Json } from "../../../shared/expressions/json.ts";
import type { Handler } from "../../../shared/http/call.ts";
import { pinAgents } from "../../agents/public.ts";
import { findHead, pinForRun } from "../../pipelines/public.ts";
import { admitTokens } from "../../usage/public.ts";
import type { RunDeps } from "../deps.ts";
import { isLive, type Pinned, runStates } from "../model.ts";
import type { operations } from "../operations.ts";
import { loadJson, storeJson } from "../store.ts";
import { agentIsActive, begin, chosen, ownTimeout, requireAgents, requireRepeatable } from "./begin.ts";
import { pinAll } from "./pins.ts";
import { checkInput, namedRun } from "./start.ts";

type Ops = typeof operations;

/**
 * A test run of what another run was of, with something changed: its pins are the other run's where nothing else is said, and
 * what is the same work is taken over.
 */
export const rerun: Handler<Ops["rerun"], RunDeps> = async (call, deps) => {
  const { caller, at, body } = call;
  const table = deps.table.of(caller.organization.id);
  const { run, input: stored } = await call.load();
  requireAgents(call, run);
  requireRepeatable(run);
  if (isLive(run.status)) throw runStates.refusal(run.status, runStates.ends);
  if (stored === undefined) throw new Error(`run ${run.id} has no input`);
  await admitTokens(table, caller.organization.plan, at);
  const input = body.input === undefined ? await loadJson(deps.blobs, stored) : (body.input as Json);
  const wanted = await changed();
  const { timeout_seconds = ownTimeout(run) } = body;
  const named = namedRun(caller.organization, at, timeout_seconds);
  const { kind, target_id, metadata, labels } = run;
  return begin(
    call,
    deps,
    table,
    {
      ...named,
      kind,
      target_id,
      mode: "test",
      pinned: wanted.pinned,
      metadata: body.metadata ?? metadata,
      labels: body.labels ?? labels,
      timeout_seconds,
      budget: chosen(body, run.budget),
      limit: wanted.limit,
      input: await storeJson(deps.blobs, table.tenant, named, input),
      ...(body.reuse === "nothing" ? {} : { recorded: { run_id: run.id, seed_run_id: run.seed_run_id } }),
    },
    [wanted.check],
    input,
  );

  async function changed() {
    const { pipeline_id, revision } = run.pinned;
    if (pipeline_id === null || revision === null) {
      if (body.revision !== undefined) throw onlyOfPipelines();
      const agents = await overridden(run.pinned.agents);
      return { pinned: { ...run.pinned, agents }, limit: null, check: agentIsActive(table, run.target_id) };
    }
    const head = await findHead(table, pipeline_id);
    if (head === undefined) throw new Problem("conflict", "The pipeline of the run is gone.");
    const pinned = await pinForRun({ table, blobs: deps.blobs }, head, {
      mode: "test",
      revision: body.revision ?? revision,
    });
    await checkInput(pinned.loaded.graph, input);
    const pins = await pinAll({ table, blobs: deps.blobs }, pipeline_id, pinned.loaded.graph, run.pinned);
    const { revision: chosen, check } = pinned;
    const wanted: Pinned = {
      pipeline_id,
      revision: chosen,
      agents: await overridden(pins.agents),
      pipelines: pins.pipelines,
    };
    return { pinned: wanted, limit: pinned.pipeline.max_concurrent_runs, check };
  }

  async function overridden(agents: Readonly<Record<string, number>>) {
    const { agent_versions = {} } = body;
    const list = Object.entries(agent_versions).map(([agent_id, version]) => ({ agent_id, version }));
    const pins = await pinAgents(table, list);
    const issues = list.flatMap(({ agent_id }, i) => {
      const path = `agent_versions.${agent_id}`;
      if (!Object.hasOwn(agents, agent_id))
        return [{ path, message: "is no agent of which the run chooses the version" }];
      return typeof pins[i] === "number" ? [] : [{ path, message: "is not there, or its agent is not active" }];
    });
    if (issues.length > 0) throw new Problem("validation_failed", "An agent's version cannot be used.", { issues });
    return { ...agents, ...agent_versions };
  }
};

const onlyOfPipelines = (): Problem =>
  new Problem("validation_failed", "A run of an agent has no revision.", {
    issues: [{ path: "revision", message: "is for runs of pipelines" }],
  });
