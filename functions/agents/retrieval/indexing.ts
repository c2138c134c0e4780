import type { Files } from "../../../shared/blobs/files.ts";
import { commitChange, systemContext } from "../../../shared/change/commit.ts";
import { draft, type Envelope, type EventDraft } from "../../../shared/change/events.ts";
import { timestamp } from "../../../shared/clock.ts";
import type { Write } from "../../../shared/dynamo/write.ts";
import { organizationItem } from "../../../shared/identity/items.ts";
import { auditDaysOf } from "../../../shared/identity/organization.ts";
import type { Log } from "../../../shared/observability/log.ts";
import { resolveModel } from "../../models/public.ts";
import { agentEvents } from "../events.ts";
import { agentItem } from "../store.ts";
import { AgentGone, agentStays, claimed, type IndexOf, isKept, Taken } from "./claim.ts";
import { embeddingMeter, indexOf } from "./embedding.ts";
import { partKey } from "./known.ts";
import { writeIndex } from "./rules/file.ts";
import { unknownEmbedding } from "./rules/lacks.ts";
import { indexKey, type StoredIndex, textIndexItem } from "./store.ts";
import { CALL_MS, type Go, type Outcome, type VectorDeps, vectorsOf } from "./vectors.ts";
import { type Wanted, wantedBy } from "./wanted.ts";

export interface IndexDeps extends VectorDeps {
  readonly files: Pick<Files, "bytes" | "put" | "remove">;
  readonly log: Log;
}

/** Of the function's 900 seconds; the rest is for the call that is under way and for keeping what there is. */
const WORK_MS = 780_000;

const countdown = (ms: number) => {
  const ends = performance.now() + ms;
  return () => ends - performance.now();
};

/**
 * Indexes what an agent's contexts need after an event: each text by itself, once, whoever else is asked for the same. What does
 * not fit into one go is kept, and an event of its own asks for the rest. An event that comes twice changes nothing.
 * @param left_ms how long the worker may still work
 */
export async function indexAgent(event: Envelope, deps: IndexDeps, left_ms = countdown(WORK_MS)): Promise<void> {
  const wanted = await wantedBy(event, deps);
  if (wanted === undefined) return;
  const organization = await deps.table.of(event.organization_id).get(organizationItem, {});
  if (organization?.status !== "active") return;
  const go: Go = { plan: organization.plan, left_ms, waited_ms: 0, answered: false };
  try {
    await indexTexts(event, wanted, go, deps);
  } catch (error) {
    // Whoever erases it needs no more of it.
    if (!(error instanceof AgentGone)) throw error;
  }
}

async function indexTexts(event: Envelope, wanted: Wanted, go: Go, deps: IndexDeps): Promise<void> {
  const tenant = event.organization_id;
  const { retrieval, agent_id, version } = wanted;
  const model = await resolveModel(deps.table, tenant, retrieval.model_id, deps.clock.now(), "embedding");
  const index = indexOf(retrieval.model_id, model);
  for (const text of wanted.texts) {
    const of = { wanted, index, ...text };
    const claim = await claimed(tenant, of, deps);
    if (claim === undefined) continue;
    if (model === undefined) {
      await ended(event, of, claim, { is: "failed", lack: unknownEmbedding(retrieval.model_id), chunks: 0 }, [], deps);
      continue;
    }
    const meter = embeddingMeter(deps, tenant, model, {
      plan: go.plan,
      actor: { type: "system", id: "index" },
      work: { kind: "index", id: `${agent_id}/${text.text}/${claim}` },
      timeout_ms: CALL_MS,
      agent_id,
      agent_version: version,
      run_id: null,
    });
    const outcome = await vectorsOf({ tenant, of, model, meter, go }, deps);
    deps.log.info("context.indexed", { agent_id, context_id: text.context_id, outcome: outcome.is });
    await ended(event, of, claim, outcome, meter.unrecorded(), deps);
    if (outcome.is === "cut") return;
  }
}

/**
 * Keeps what became of a text, with its event. What was superseded, or whose agent is being erased, leaves nothing behind.
 * @throws AgentGone
 */
async function ended(
  event: Envelope,
  { wanted, index, text, context_id }: IndexOf,
  claim: string,
  outcome: Outcome,
  unrecorded: readonly Write[],
  { table, files, clock }: IndexDeps,
): Promise<void> {
  const tenant = event.organization_id;
  const { agent_id } = wanted;
  const key = { agent_id, text, index };
  const done = outcome.index?.chunks.length ?? 0;
  const own = table.of(tenant);
  if (outcome.index !== undefined && (done > 0 || outcome.is === "ready")) {
    // A file whose agent is being erased would be removed by nobody.
    if (!isKept(await own.get(agentItem, { id: agent_id }))) throw new AgentGone();
    const file = outcome.is === "ready" ? indexKey(tenant, key) : partKey(tenant, key);
    await files.put(file, writeIndex(outcome.index));
  }
  const at = clock.now();
  const set: Partial<StoredIndex> = {
    status: outcome.is === "cut" ? "pending" : outcome.is,
    chunks: outcome.chunks,
    done,
    error: outcome.is === "failed" ? outcome.lack : null,
    // Whoever comes next may have it.
    claimed_until: timestamp(at),
    updated_at: timestamp(at),
  };
  const context = systemContext(tenant, "index", at, await auditDaysOf(own), event.trace_id);
  try {
    await commitChange(table, context, {
      writes: [
        agentStays(table, tenant, agent_id),
        own.writes.update(textIndexItem, key, { set }, { equals: { claim } }, () => new Taken()),
        ...unrecorded,
      ],
      events: [told(wanted, context_id, outcome)],
    });
  } catch (error) {
    // Whatever was refused: what erases the agent may have looked for its files before this one was there.
    if (!isKept(await own.get(agentItem, { id: agent_id }))) {
      await Promise.all([indexKey(tenant, key), partKey(tenant, key)].map((file) => files.remove(file)));
      throw new AgentGone();
    }
    if (!(error instanceof Taken)) throw error;
    return;
  }
  if (outcome.is === "ready") await files.remove(partKey(tenant, key)).catch(() => undefined);
}

/** What became of a text, as others hear it: that there is a rest, or that it is over. */
function told({ agent_id, version, retrieval }: Wanted, context_id: string, outcome: Outcome): EventDraft {
  const about = { id: agent_id };
  if (outcome.is === "cut")
    return draft(agentEvents, "agent.index_requested", about, { agent_id, version, rest: true });
  return draft(agentEvents, "agent.context_indexed", about, {
    agent_id,
    context_id,
    model_id: retrieval.model_id,
    chunks: outcome.chunks,
    error_code: outcome.is === "failed" ? outcome.lack.code : null,
  });
}
