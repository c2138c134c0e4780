import type { Blobs } from "../../../shared/blobs/blobs.ts";
import type { Write } from "../../../shared/dynamo/write.ts";
import type { AgentSnapshot } from "../../agents/public.ts";
import { areSearched, type Found, searchContexts } from "../../agents/retrieval/public.ts";
import type { AgentRunDeps, AgentRunInput } from "./agent.ts";
import type { LoadedContext } from "./rules/prompt.ts";

type Searched<O extends boolean> = Extract<Found, { readonly ok: O }>;

/** What a model is given of the agent's contexts. */
export type Knowledge =
  | { readonly kind: "whole"; readonly contexts: readonly LoadedContext[] }
  | {
      readonly kind: "passages";
      readonly contexts: readonly { readonly id: string; readonly name: string }[];
      readonly found: Searched<true>;
    };

/** Contexts that cannot be searched: nothing is answered without them. */
interface None {
  readonly kind: "none";
  readonly found: Searched<false>;
}

/** Of a call's time the search may take so much. */
const SHARE = 0.4;
const MOST_MS = 20_000;

/**
 * The contexts of the snapshot, or what is found in them for the message where together they are more than the agent's budget.
 * One search serves all models that are asked.
 */
export async function knowledgeFor(
  snapshot: AgentSnapshot,
  run: AgentRunInput,
  timeout_ms: number,
  deps: AgentRunDeps,
): Promise<Knowledge | None> {
  const ready = snapshot.contexts.filter(({ is_active, status }) => is_active && status === "ready");
  if (!areSearched(snapshot.definition.retrieval, snapshot.contexts))
    return { kind: "whole", contexts: await loaded(ready, deps.blobs) };
  const { between, meter, input, signal } = run;
  const found = await searchContexts(
    snapshot,
    {
      ...meter,
      // Its answer is no model's, and is found again where the work is repeated after a fault.
      work: { ...meter.work, id: `${meter.work.id}~search` },
      message: input,
      timeout_ms: Math.min(MOST_MS, Math.ceil(timeout_ms * SHARE)),
      signal,
      between: between === undefined ? undefined : (own, model) => between.meter(own, model),
    },
    deps,
  );
  if (!found.ok) return { kind: "none", found };
  return { kind: "passages", contexts: ready.map(({ id, name }) => ({ id, name })), found };
}

const loaded = (ready: AgentSnapshot["contexts"], blobs: Pick<Blobs, "load">): Promise<LoadedContext[]> =>
  Promise.all(
    ready.map(async ({ id, name, content }) => ({ id, name, text: content === null ? "" : await blobs.load(content) })),
  );

/** What a search has cost. */
export interface Spent {
  readonly tokens_in: number;
  readonly estimated: boolean;
  readonly cost_usd_micros: number;
  readonly unrecorded: readonly Write[];
}

interface Result extends Omit<Spent, "tokens_in"> {
  readonly usage: { readonly tokens_in: number; readonly tokens_out: number };
}

/** A run's result with what the search for it has cost. */
export const withSearch = <R extends Result>(result: R, searched: Spent | undefined): R =>
  searched === undefined
    ? result
    : {
        ...result,
        usage: { ...result.usage, tokens_in: result.usage.tokens_in + searched.tokens_in },
        estimated: result.estimated || searched.estimated,
        cost_usd_micros: result.cost_usd_micros + searched.cost_usd_micros,
        unrecorded: [...searched.unrecorded, ...result.unrecorded],
      };
