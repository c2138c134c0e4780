import type { TenantTable } from "../../../shared/dynamo/table.ts";
import type { Retrieval } from "../model.ts";
import type { WholeAgent } from "../resources.ts";
import type { IndexStatus, RetrievalState } from "./model.ts";
import { isStalled, stalled } from "./rules/lacks.ts";
import { areSearched, budgetBytes, type KnownContext, readyContexts, textName } from "./rules/needed.ts";
import { type StoredIndex, textIndexItem } from "./store.ts";

/** What can be run, and has its contexts indexed for that: a version, or the working copy (`version` is null). */
export interface Runnable {
  readonly agent_id: string;
  readonly version: number | null;
  readonly retrieval: Retrieval;
  readonly contexts: readonly (KnownContext & {
    readonly id: string;
    readonly name: string;
    readonly updated_at?: string;
  })[];
  /** Since then it is as it is. */
  readonly changed_at: string;
}

export const workingCopy = ({ agent, parts }: WholeAgent): Runnable => ({
  agent_id: agent.id,
  version: null,
  retrieval: agent.retrieval,
  contexts: parts.contexts,
  changed_at: agent.updated_at,
});

/** How far the index of a context is: one that waits for longer than anybody works at it has failed. */
function indexed(
  { id, name, updated_at: context_changed_at = "" }: Runnable["contexts"][number],
  changed_at: string,
  found: StoredIndex | undefined,
  at: Date,
): RetrievalState["contexts"][number] {
  const { status, chunks, done, error, updated_at } = found ?? {
    status: "pending" as const,
    chunks: 0,
    done: 0,
    error: null,
    updated_at: null,
  };
  const since = [changed_at, context_changed_at, updated_at ?? ""].toSorted().at(-1) ?? "";
  const given_up = status === "pending" && isStalled(since, at);
  const shown: IndexStatus = given_up ? "failed" : status;
  return {
    context_id: id,
    name,
    status: shown,
    chunks,
    indexed_chunks: done,
    error: given_up ? stalled : error,
    updated_at,
  };
}

/** How the contexts of an agent, or of a version, are used, and how far each is indexed. */
export async function retrievalState(
  table: TenantTable,
  { agent_id, version, retrieval, contexts: known, changed_at }: Runnable,
  index: string,
  at: Date,
): Promise<RetrievalState> {
  const ready = readyContexts(known);
  const searched = areSearched(retrieval, known);
  const found = searched
    ? await table.table.batch(
        ready.map(({ content }) => table.read(textIndexItem, { agent_id, index, text: textName(content) })),
      )
    : [];
  const contexts = searched ? ready.map((context, i) => indexed(context, changed_at, found[i], at)) : [];
  const any = (status: IndexStatus) => contexts.some((one) => one.status === status);
  return {
    agent_id,
    version,
    retrieval,
    searched,
    content_bytes: ready.reduce((sum, { content_bytes }) => sum + content_bytes, 0),
    budget_bytes: budgetBytes(retrieval),
    status: !searched ? null : any("failed") ? "failed" : any("pending") ? "pending" : "ready",
    contexts,
  };
}
