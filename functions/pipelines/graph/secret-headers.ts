import { createHash } from "node:crypto";
import * as z from "zod";
import { type Issue, Problem } from "../../../shared/errors.ts";
import type { Sealer } from "../../../shared/http/platform.ts";
import { type GraphBody, placeOf } from "./places.ts";
import type { Graph, GraphNode } from "./rules/nodes.ts";

/**
 * Secret header values of `http` nodes never stand in a graph. In their place stands a reference to the encrypted
 * value, which is what the API shows and what an edit sends back to keep the value. A value is bound to the host it
 * was given for: sending it to another address needs the value again, so nobody who may edit a pipeline can have a
 * stored credential sent to a place of their own.
 */
export const sealedHeadersSchema = z.record(z.string(), z.object({ sealed: z.string(), host: z.string() }));
export type SealedHeaders = z.output<typeof sealedHeadersSchema>;

/** Most values that one change may bring: each is a call of the key service. */
export const MAX_NEW_SECRETS = 100;

const REFERENCE = /^\{stored:[0-9a-f]{32}\}$/;
const isReference = (value: string): boolean => value.startsWith("{stored:");

type HttpNode = Extract<GraphNode, { kind: "http" }>;

/** Scheme, host and port of an address as the graph's schema allows it: always literal. Empty while there is no address. */
export const originOf = (node: HttpNode): string =>
  /^https?:\/\/[^/?]+/i.exec(node.config.url ?? "")?.[0].toLowerCase() ?? "";

const context = (tenant: string, host: string) =>
  ({ purpose: "node_headers", tenant, field: `pipelines.secret_headers ${host}` }) as const;

const referenceTo = (sealed: string): string =>
  `{stored:${createHash("sha256").update(sealed).digest("hex").slice(0, 32)}}`;

interface Stored {
  readonly graph: Graph;
  readonly secrets: SealedHeaders;
}

/**
 * The graph with every secret header value replaced by a reference, and the encrypted values that it refers to.
 * References of the stored graph keep their value; a value that is the same as the stored one keeps its reference, so
 * that saving a graph unchanged is no change.
 * @param body what brought the graph: paths of issues are in it
 * @throws Problem `validation_failed` for an unknown reference, a changed host, or too many values
 */
export async function sealHeaders(
  sealer: Sealer,
  tenant: string,
  graph: Graph,
  stored: Stored,
  body: GraphBody,
): Promise<Stored> {
  const issues: Issue[] = [];
  const kept: Record<string, SealedHeaders[string]> = {};
  const clear = new Map<string, Promise<string>>();
  const before = new Map(stored.graph.nodes.map((node) => [node.id, node]));

  const keep = (reference: string, host: string, path: string): string => {
    const entry = REFERENCE.test(reference) ? stored.secrets[reference] : undefined;
    if (entry === undefined) issues.push({ path, message: "refers to no stored value; send the value itself" });
    else if (entry.host !== host)
      issues.push({ path, message: "was stored for another host; send the value itself again" });
    else kept[reference] = entry;
    return reference;
  };
  const seal = async (value: string, host: string, earlier: string | undefined): Promise<string> => {
    const entry = earlier === undefined ? undefined : stored.secrets[earlier];
    if (earlier !== undefined && entry?.host === host) {
      if ((await sealer.decrypt(entry.sealed, context(tenant, host))) === value) {
        kept[earlier] = entry;
        return earlier;
      }
    }
    const sealed = await sealer.encrypt(value, context(tenant, host));
    const reference = referenceTo(sealed);
    kept[reference] = { sealed, host };
    return reference;
  };

  const pending: { node: HttpNode; name: string; value: string; path: string }[] = [];
  for (const [i, node] of graph.nodes.entries()) {
    if (node.kind !== "http") continue;
    for (const [name, value] of Object.entries(node.config.secret_headers ?? {}))
      pending.push({ node, name, value, path: placeOf(body, i, `config.secret_headers.${name}`) });
  }
  for (const { node, value, path } of pending) if (isReference(value)) keep(value, originOf(node), path);
  const fresh = pending.filter(({ value }) => !isReference(value));
  if (new Set(fresh.map(({ node, value }) => `${originOf(node)}\n${value}`)).size > MAX_NEW_SECRETS) {
    issues.push({ path: "nodes", message: `bring more than ${MAX_NEW_SECRETS} secret values at once; save in parts` });
  }
  if (issues.length > 0)
    throw new Problem("validation_failed", `\`${issues[0]?.path}\` ${issues[0]?.message}.`, { issues });

  for (const { node, name, value } of fresh) {
    const key = `${originOf(node)}\n${value}`;
    if (clear.has(key)) continue;
    const old = before.get(node.id);
    const earlier = old?.kind === "http" ? old.config.secret_headers?.[name] : undefined;
    clear.set(key, seal(value, originOf(node), earlier));
  }
  const references = new Map<string, string>();
  await Promise.all([...clear].map(async ([key, reference]) => references.set(key, await reference)));

  const nodes = graph.nodes.map((node): GraphNode => {
    if (node.kind !== "http" || node.config.secret_headers === undefined) return node;
    const secret_headers = Object.fromEntries(
      Object.entries(node.config.secret_headers).map(([name, value]) => [
        name,
        references.get(`${originOf(node)}\n${value}`) ?? value,
      ]),
    );
    return { ...node, config: { ...node.config, secret_headers } };
  });
  return { graph: { nodes, connections: graph.connections }, secrets: kept };
}

/** The clear secret headers of a node of a stored graph, for the one request that it sends. */
export async function openHeaders(
  sealer: Sealer,
  tenant: string,
  node: HttpNode,
  secrets: SealedHeaders,
): Promise<Record<string, string>> {
  const host = originOf(node);
  const opened = await Promise.all(
    Object.entries(node.config.secret_headers ?? {}).map(async ([name, reference]) => {
      const entry = secrets[reference];
      if (entry === undefined) throw new Error(`node ${node.id} refers to no stored header value`);
      return [name, await sealer.decrypt(entry.sealed, context(tenant, host))] as const;
    }),
  );
  return Object.fromEntries(opened);
}
