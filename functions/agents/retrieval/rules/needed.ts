/** Whether an agent's contexts are searched, which ones, and under which names they are indexed. Pure. */
import { createHash } from "node:crypto";
import type { Blob } from "../../../../shared/blobs/blobs.ts";
import type { Retrieval } from "../../model.ts";
import { CHUNKING } from "./chunks.ts";

/** As the limits of models are reckoned: three bytes a token (docs/adr/0017). */
const BYTES_PER_TOKEN = 3;

/** What of a context decides. */
export interface KnownContext {
  readonly is_active: boolean;
  readonly status: string;
  readonly content: Blob | null;
  readonly content_bytes: number;
}

/** The contexts that a call is given something of. */
export const readyContexts = <C extends KnownContext>(contexts: readonly C[]): (C & { readonly content: Blob })[] =>
  contexts.filter(
    (one): one is C & { readonly content: Blob } => one.is_active && one.status === "ready" && one.content !== null,
  );

export const budgetBytes = ({ budget_tokens }: Pick<Retrieval, "budget_tokens">): number =>
  budget_tokens * BYTES_PER_TOKEN;

/**
 * Whether these contexts are searched, or sent whole. It follows from the agent alone, so that what indexes and what runs
 * decide alike.
 */
export function areSearched(retrieval: Retrieval, contexts: readonly KnownContext[]): boolean {
  const bytes = readyContexts(contexts).reduce((sum, { content_bytes }) => sum + content_bytes, 0);
  if (retrieval.mode === "off" || bytes === 0) return false;
  return retrieval.mode === "always" || bytes > budgetBytes(retrieval);
}

/** What a text is called: the same text has one index, in however many contexts and versions of the agent it stands. */
export const textName = (content: Blob): string =>
  "sha256" in content ? content.sha256 : createHash("sha256").update(content.inline).digest("hex");

/** By what an index is made. */
export interface IndexedBy {
  readonly id: string;
  readonly dimensions: number | null;
  /** Of an organization's own model: what it is called where it is served. Another one under the same id is another model. */
  readonly served?: { readonly provider_model_id: string; readonly base_url: string | null } | undefined;
}

/** What an index is called by how it was made: numbers of different models, or of other pieces, are not compared. */
export function indexName({ id, dimensions, served }: IndexedBy): string {
  const own = served === undefined ? [] : [served.provider_model_id, served.base_url];
  return createHash("sha256")
    .update([id, dimensions, CHUNKING, ...own].join("\n"))
    .digest("hex")
    .slice(0, 16);
}

/** The last part of the name of an index's file, beside its text's. */
export const indexFile = (text: string, index: string): string => `${text}.${index}.index`;

/** A piece as answers cite it: of this context, of the text that it has now, the so-manieth. */
export const chunkId = (context_id: string, text_digest: string, ordinal: number): string =>
  `${context_id}.${text_digest.slice(0, 12)}.${ordinal}`;
