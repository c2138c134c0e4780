import * as z from "zod";
import type { Issue } from "../../../../shared/errors.ts";
import { isObject } from "../../../../shared/expressions/json.ts";
import { issuesOf } from "../../../../shared/http/parse.ts";
import { descriptionSchema, nameSchema, tagsSchema } from "../../../../shared/http/schemas.ts";
import { secretsNamed, TO_SUPPLY } from "../../../../shared/secrets/supply.ts";
import type { Reference, ReferenceType } from "../../graph/rules/kinds/kind.ts";
import {
  kindOf,
  nodeKinds,
  peopleOf,
  referencesOf,
  setAt,
  withPeople,
  withReferences,
} from "../../graph/rules/kinds.ts";
import { type Graph, type GraphNode, graphSchema } from "../../graph/rules/nodes.ts";
import { positionsSchema } from "../../layout/rules/positions.ts";
import { concurrentRuns, patternInput } from "../../model.ts";

/**
 * A pipeline as it stands in a document that leaves its organization. Its nodes name other things by their names:
 * `{"$agent": "Triage"}` where the graph has an id. Which places these are is said by the kinds of nodes. Pure.
 */

export const portablePipelineSchema = z.strictObject({
  name: nameSchema,
  description: descriptionSchema.default(""),
  pattern: patternInput,
  tags: tagsSchema.default([]),
  /** Left out, as in documents from before, it stays what it is. */
  max_concurrent_runs: concurrentRuns.optional(),
  graph: z.record(z.string(), z.unknown()),
  positions: positionsSchema.default({}),
});
/** With the graph as the document has it. */
export type SentPipeline = z.output<typeof portablePipelineSchema>;
/** With the graph as it is kept: by ids. */
export type PortablePipeline = Omit<Required<SentPipeline>, "graph" | "max_concurrent_runs"> & {
  readonly graph: Graph;
  readonly max_concurrent_runs: number | null;
};

const referenceKeys: Readonly<Record<string, ReferenceType>> = {
  $agent: "agent",
  $pipeline: "pipeline",
  $connector: "connector",
};

/** What a document names in place of an id. */
export interface Named {
  readonly type: ReferenceType;
  readonly name: string;
}

function namedBy(value: unknown): Named | undefined {
  if (!isObject(value)) return undefined;
  const [member, ...others] = Object.entries(value);
  if (member === undefined || others.length > 0 || !Object.hasOwn(referenceKeys, member[0])) return undefined;
  const type = referenceKeys[member[0]];
  return type === undefined || typeof member[1] !== "string" ? undefined : { type, name: member[1] };
}

const written = ({ type, name }: Named): object => ({ [`$${type}`]: name });

interface Replaced extends Named {
  readonly path: readonly (string | number)[];
  readonly id: string | undefined;
}

/** A value with ids in place of names, and where they stood. */
function withIds(value: unknown, idOf: (named: Named) => string | undefined, path: (string | number)[] = []) {
  const found: Replaced[] = [];
  const replace = (part: unknown, at: readonly (string | number)[]): unknown => {
    const named = namedBy(part);
    if (named !== undefined) {
      const id = idOf(named);
      found.push({ ...named, path: at, id });
      return id ?? UNKNOWN[named.type];
    }
    if (Array.isArray(part)) return part.map((member, i) => replace(member, [...at, i]));
    if (!isObject(part)) return part;
    return Object.fromEntries(Object.entries(part).map(([name, member]) => [name, replace(member, [...at, name])]));
  };
  return { value: replace(value, path), found };
}

/** Ids that nothing has, for names that nothing has. */
export const UNKNOWN: Readonly<Record<ReferenceType, string>> = {
  agent: `agt_${"0".repeat(26)}`,
  pipeline: `pip_${"0".repeat(26)}`,
  connector: `con_${"0".repeat(26)}`,
};

/** Secret values that are null, as exports have them, by the word that stands for what is to be supplied. */
function withSecretsNamed(node: { readonly [key: string]: unknown }, config: unknown): unknown {
  const { kind } = node;
  if (typeof kind !== "string" || !Object.hasOwn(nodeKinds, kind) || !isObject(config)) return config;
  const fields = nodeKinds[kind as keyof typeof nodeKinds].secret_fields;
  const named = fields.flatMap((field) => (config[field] === undefined ? [] : [[field, secretsNamed(config[field])]]));
  return { ...config, ...Object.fromEntries(named) };
}

/**
 * The graph of a document, by ids.
 * @param idOf the id of what is named; undefined where there is none
 * @returns every issue with its path within the graph; the graph where there is none
 */
export function graphFrom(
  sent: Readonly<Record<string, unknown>>,
  idOf: (named: Named) => string | undefined,
): { readonly graph: Graph | undefined; readonly issues: readonly Issue[] } {
  const nodes: unknown[] = Array.isArray(sent.nodes) ? sent.nodes : [];
  const replaced = nodes.map((node) => {
    if (!isObject(node)) return { node, found: [] };
    const { value, found } = withIds(withSecretsNamed(node, node.config), idOf);
    return { node: { ...node, config: value }, found };
  });
  const raw = { ...sent, ...(Array.isArray(sent.nodes) ? { nodes: replaced.map(({ node }) => node) } : {}) };
  const issues = issuesOf(graphSchema, raw);
  if (issues.length > 0) return { graph: undefined, issues };
  const graph = graphSchema.parse(raw);
  const wrong: Issue[] = [];
  const whole = graph.nodes.map((node, i): GraphNode => {
    const at = (path: readonly (string | number)[]) => `nodes.${i}.config.${path.join(".")}`;
    const found = replaced[i]?.found ?? [];
    const places = new Map(referencesOf(node).map((reference) => [reference.path.join("."), reference]));
    const config = structuredClone<object>(node.config);
    for (const one of found) {
      const place = places.get(one.path.join("."));
      places.delete(one.path.join("."));
      // Where no kind has a reference, it is somebody's data.
      if (place === undefined) setAt(config, one.path, written(one));
      else if (place.type !== one.type)
        wrong.push({ path: at(one.path), message: `must name one as {"$${place.type}": …}` });
      else if (one.id === undefined)
        wrong.push({
          path: at(one.path),
          message: `names ${one.type} ${JSON.stringify(one.name)}, which neither the document nor the organization has`,
          code: "reference_not_found",
        });
    }
    for (const { type, path } of places.values())
      wrong.push({
        path: at(path),
        message: `must name one as {"$${type}": "its name"}: an id belongs to one organization`,
      });
    for (const { path, ids, type } of peopleOf(node))
      if (ids.length > 0)
        wrong.push({
          path: at(path),
          message: `must be empty here: a ${type} belongs to one organization; name some after the import`,
        });
    return { ...node, config } as GraphNode;
  });
  return wrong.length > 0 ? { graph: undefined, issues: wrong } : { graph: { ...graph, nodes: whole }, issues: [] };
}

/** The names that a graph of a document may refer to, for looking them up at once. */
export const namesIn = (graph: Readonly<Record<string, unknown>>): readonly Named[] =>
  withIds(graph.nodes, () => undefined).found;

const isStored = (value: unknown): boolean => value === TO_SUPPLY || /^\{stored:[0-9a-f]{32}\}$/.test(String(value));

/** A node as documents show it: with names in place of ids, nobody where it names people, and of secrets their names alone. */
function shownNode(node: GraphNode, nameOf: (reference: Reference) => string | undefined): object {
  const anybody = withPeople(node, () => []);
  const shown = withReferences(anybody, (reference) => {
    const name = nameOf(reference);
    return name === undefined ? undefined : written({ type: reference.type, name });
  }) as { readonly config: Readonly<Record<string, unknown>> };
  const hidden = kindOf(node).secret_fields.flatMap((field) => {
    const values = shown.config[field];
    if (!isObject(values)) return [];
    const names = Object.entries(values).map(([name, value]) => [name, isStored(value) ? null : "(supplied)"]);
    return [[field, Object.fromEntries(names)]];
  });
  return { ...shown, config: { ...shown.config, ...Object.fromEntries(hidden) } };
}

/** The pipeline as documents show it. @param nameOf undefined for what is not there any more */
export const shownPipeline = (
  { graph, ...pipeline }: PortablePipeline,
  nameOf: (reference: Reference) => string | undefined,
): Readonly<Record<string, unknown>> => ({
  ...pipeline,
  graph: { nodes: graph.nodes.map((node) => shownNode(node, nameOf)), connections: [...graph.connections] },
});

/** Places of people in a graph, who are to be named anew wherever a document brings it. */
export const peopleIn = (graph: Graph): { readonly place: string; readonly ids: readonly string[] }[] =>
  graph.nodes.flatMap((node) =>
    peopleOf(node).map(({ path, ids }) => ({ place: `graph.nodes.${node.id}.config.${path.join(".")}`, ids })),
  );

/** Places of secrets, and of people, in a graph that has them as documents do. */
export const unsuppliedIn = (graph: Graph): string[] => [
  ...graph.nodes.flatMap((node) =>
    kindOf(node).secret_fields.flatMap((field) =>
      Object.entries((node.config as Readonly<Record<string, unknown>>)[field] ?? {}).flatMap(([name, value]) =>
        value === TO_SUPPLY ? [`graph.nodes.${node.id}.config.${field}.${name}`] : [],
      ),
    ),
  ),
  ...peopleIn(graph).flatMap(({ place, ids }) => (ids.length === 0 ? [place] : [])),
];
