import { addSeconds, timestamp } from "../../../shared/clock.ts";
import type { Table } from "../../../shared/dynamo/table.ts";
import type { Write } from "../../../shared/dynamo/write.ts";
import { Problem } from "../../../shared/errors.ts";
import { isGone, organizationItem } from "../../../shared/identity/items.ts";
import { newEtag } from "../../../shared/ids.ts";
import { type AgentStatus, agentStatusSchema } from "../model.ts";
import { agentItem } from "../store.ts";
import type { EmbeddingDeps } from "./embedding.ts";
import { type StoredIndex, textIndexItem } from "./store.ts";
import type { Wanted, WantedText } from "./wanted.ts";

/** A text of an agent, and the name under which it is indexed. */
export interface IndexOf extends WantedText {
  readonly wanted: Wanted;
  readonly index: string;
}

/** Longer than the function may live: who finds a claim that has run out knows that its owner is dead. */
const CLAIM_SECONDS = 960;

/** Another worker is at it, or it is done. */
export class Taken extends Problem {
  constructor() {
    super("conflict", "The text is indexed, or being indexed.");
  }
}

/** The agent is being erased, or its organization is: nothing more is written for it. */
export class AgentGone extends Problem {
  constructor() {
    super("not_found", "The agent is gone.");
  }
}

/** As long as it is none of these, nobody erases what belongs to it. */
const KEPT: readonly AgentStatus[] = agentStatusSchema.options.filter((status) => status !== "purging");

/** Whether an agent is there, and is not being erased. */
export const isKept = (agent: { readonly status: AgentStatus } | undefined): boolean =>
  agent !== undefined && KEPT.includes(agent.status);

/** Holds the other writes of a transaction to an agent that is there. First of them: its refusal is the one that is told. */
export const agentStays = (table: Table, tenant: string, agent_id: string): Write =>
  table.of(tenant).writes.check(agentItem, { id: agent_id }, { one_of: { status: KEPT } }, () => new AgentGone());

/**
 * Whether a worker may go on: looked at before each call, for it works longer than what is erased is left alone before that.
 * @returns false where the organization is suspended
 * @throws AgentGone
 */
export async function mayGoOn({ table }: Pick<EmbeddingDeps, "table">, tenant: string, id: string): Promise<boolean> {
  const own = table.of(tenant);
  const [organization, agent] = await table.batch([own.read(organizationItem, {}), own.read(agentItem, { id })]);
  if (organization === undefined || isGone(organization)) throw new AgentGone();
  if (!isKept(agent)) throw new AgentGone();
  return organization.status === "active";
}

/**
 * Takes a text that nobody is at; undefined where somebody is, or it is done. Who goes on where another one had no time left
 * leaves alone what that one has given up.
 * @throws AgentGone
 */
export async function claimed(
  tenant: string,
  { wanted, index, text, context_id }: IndexOf,
  { table, clock }: Pick<EmbeddingDeps, "table" | "clock">,
): Promise<string | undefined> {
  const own = table.of(tenant);
  const at = clock.now();
  const claim = newEtag(at);
  const item: StoredIndex = {
    agent_id: wanted.agent_id,
    text,
    index,
    model_id: wanted.retrieval.model_id,
    context_id,
    status: "pending",
    chunks: 0,
    done: 0,
    error: null,
    claim,
    claimed_until: timestamp(addSeconds(at, CLAIM_SECONDS)),
    updated_at: timestamp(at),
  };
  const free = [
    { exists: false },
    { equals: { status: "pending" }, below: { claimed_until: timestamp(at) } },
    ...(wanted.rest === true ? [] : [{ equals: { status: "failed" } }]),
  ];
  try {
    await own.transact([
      agentStays(table, tenant, wanted.agent_id),
      own.writes.put(textIndexItem, item, { any: free }, () => new Taken()),
    ]);
    return claim;
  } catch (error) {
    if (error instanceof Taken) return undefined;
    throw error;
  }
}
