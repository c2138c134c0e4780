import { createHash } from "node:crypto";
import { canonicalJson } from "../../../shared/expressions/json.ts";
import type { SnapshotContent } from "../../agents/public.ts";

/** What is sent at most: the whole of it, knowledge included. */
export const MOST_BUNDLE_BYTES = 4 * 1024 * 1024;

/** All that an agent is, as a gateway gets it. Secrets are not in it: their names are, where they belong. */
export interface AgentBundle {
  readonly format: "kaizen-studio/agent/1";
  readonly definition: SnapshotContent["definition"];
  readonly contexts: readonly { readonly id: string; readonly name: string; readonly text: string }[];
  readonly tools: readonly {
    readonly id: string;
    readonly tool_type: string;
    readonly name: string;
    readonly description: string;
    readonly config: Readonly<Record<string, unknown>>;
  }[];
}

export interface Packed {
  readonly bundle: AgentBundle;
  /** `sha256:` of the canonical JSON of the bundle (RFC 8785): whoever has the one can work out the other. */
  readonly digest: string;
  readonly bytes: number;
}

/**
 * Puts together what is deployed of a version: what takes part in its runs, in an order of its own, so that the same version has the same
 * digest wherever and whenever.
 * @param texts of its contexts, by id
 * @param shown a tool's configuration without secrets
 */
export function pack(
  { definition, contexts, tools }: SnapshotContent,
  texts: ReadonlyMap<string, string>,
  shown: (config: SnapshotContent["tools"][number]["config"]) => Readonly<Record<string, unknown>>,
): Packed {
  const byId = (a: { readonly id: string }, b: { readonly id: string }) => (a.id < b.id ? -1 : 1);
  const bundle: AgentBundle = {
    format: "kaizen-studio/agent/1",
    definition,
    contexts: contexts
      .filter(({ id }) => texts.has(id))
      .map(({ id, name }) => ({ id, name, text: texts.get(id) ?? "" }))
      .sort(byId),
    tools: tools
      .filter(({ is_enabled }) => is_enabled)
      .map(({ id, tool_type, name, description, config }) => ({
        id,
        tool_type,
        name,
        description,
        config: shown(config),
      }))
      .sort(byId),
  };
  const text = canonicalJson(bundle);
  const digest = `sha256:${createHash("sha256").update(text).digest("hex")}`;
  return { bundle, digest, bytes: Buffer.byteLength(text) };
}
