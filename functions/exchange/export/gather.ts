import type { TenantTable } from "../../../shared/dynamo/table.ts";
import { Problem } from "../../../shared/errors.ts";
import { canonicalJson } from "../../../shared/expressions/json.ts";
import { readPortable as readAgent, shownAgent } from "../../agents/portable/public.ts";
import { wholeAgent } from "../../agents/resources.ts";
import { referencesOf } from "../../pipelines/graph/public.ts";
import {
  peopleIn,
  type ReadPipeline,
  readPortable as readPipeline,
  shownPipeline,
} from "../../pipelines/portable/public.ts";
import { pipelineItem } from "../../pipelines/public.ts";
import type { ExchangeDeps } from "../deps.ts";
import { DOCUMENT_VERSION, MOST_THINGS } from "../model.ts";
import { secretsIn } from "./secrets.ts";

/** A document as it leaves. */
export interface ExportedDocument {
  readonly kaizen_version: number;
  readonly agents: readonly object[];
  readonly pipelines: readonly object[];
  readonly to_supply?: readonly string[];
  readonly left_out?: readonly string[];
}

/** What is in a document: things of this organization, though it names them by their names. */
interface DocumentIds {
  readonly agents: readonly string[];
  readonly pipelines: readonly string[];
}

const missing = (error: unknown): undefined => {
  if (error instanceof Problem && error.code === "not_found") return undefined;
  throw error;
};

/**
 * Agents and pipelines with all that they name, or without.
 * @throws Problem `conflict` for too many things, and for pipelines of one name, which no name could tell apart
 */
export async function gathered(
  deps: Pick<ExchangeDeps, "blobs">,
  table: TenantTable,
  wanted: { readonly agents: readonly string[]; readonly pipelines: readonly string[] },
  include_references: boolean,
): Promise<ExportedDocument & { readonly ids: DocumentIds; readonly missing: readonly string[] }> {
  const read = { agents: new Set(wanted.agents), pipelines: new Set(wanted.pipelines) };
  const absent: string[] = [];
  const names = new Map<string, string>();
  const pipelines: ReadPipeline[] = [];
  for (const id of read.pipelines) {
    if (read.pipelines.size > MOST_THINGS) throw tooMany();
    const one = await readPipeline(deps, table, id);
    if (one === undefined) {
      absent.push(id);
      continue;
    }
    pipelines.push(one);
    names.set(id, one.pipeline.name);
    for (const node of one.portable.graph.nodes)
      for (const { type, id: named } of referencesOf(node))
        if (include_references && type !== "connector") (type === "agent" ? read.agents : read.pipelines).add(named);
  }
  if (read.agents.size > MOST_THINGS) throw tooMany();
  const whole = await Promise.all(
    [...read.agents].map((id) => wholeAgent(table, id).catch((error: unknown) => missing(error))),
  );
  const agents = await Promise.all(
    whole.flatMap((one) =>
      one === undefined || one.agent.status === "purging"
        ? []
        : [readAgent(deps, one).then((is) => ({ id: one.agent.id, is }))],
    ),
  );
  for (const { id, is } of agents) names.set(id, is.agent.name);
  absent.push(...[...read.agents].filter((id) => !names.has(id)));
  if (!include_references) await nameOthers(table, pipelines, names);
  const titles = pipelines.map(({ pipeline }) => pipeline.name);
  const twice = titles.find((name, i) => titles.indexOf(name) < i);
  if (twice !== undefined)
    throw new Problem(
      "conflict",
      `Two of the pipelines are called ${JSON.stringify(twice)}: rename one, since documents name things by their names.`,
    );
  const left_out = [
    ...agents.flatMap(({ is }) =>
      is.contexts.flatMap(({ stored, portable }) =>
        portable === undefined ? [`agents.${is.agent.name}.contexts.${stored.name}`] : [],
      ),
    ),
    ...pipelines.flatMap(({ portable }) =>
      portable.graph.nodes.flatMap((node) =>
        referencesOf(node).flatMap(({ id, path, pin }) => [
          ...(names.has(id) ? [] : [`pipelines.${portable.name}.graph.nodes.${node.id}.config.${path.join(".")}`]),
          ...(pin === undefined
            ? []
            : [`pipelines.${portable.name}.graph.nodes.${node.id}.config.${pin.path.join(".")}`]),
        ]),
      ),
    ),
  ].sort();
  const shownAgents = agents.map(({ is }) => shownAgent(is.agent)).sort(byName);
  const shownPipelines = pipelines
    .map(({ portable }) => shownPipeline(portable, ({ id }) => names.get(id)))
    .sort(byName);
  const people = pipelines.flatMap(({ portable }) =>
    peopleIn(portable.graph).map(({ place }) => `pipelines.${portable.name}.${place}`),
  );
  const to_supply = [...secretsIn(shownAgents, "agents"), ...secretsIn(shownPipelines, "pipelines"), ...people].sort();
  return {
    kaizen_version: DOCUMENT_VERSION,
    agents: shownAgents,
    pipelines: shownPipelines,
    ...(to_supply.length === 0 ? {} : { to_supply }),
    ...(left_out.length === 0 ? {} : { left_out }),
    ids: { agents: agents.map(({ id }) => id), pipelines: pipelines.map(({ pipeline }) => pipeline.id) },
    missing: absent.filter((id) => wanted.agents.includes(id) || wanted.pipelines.includes(id)),
  };
}

/** Names of what is referred to and does not come along. */
async function nameOthers(table: TenantTable, pipelines: readonly ReadPipeline[], names: Map<string, string>) {
  const others = pipelines.flatMap(({ portable }) => portable.graph.nodes.flatMap((node) => referencesOf(node)));
  for (const { type, id } of others) {
    if (names.has(id) || type === "connector") continue;
    const name =
      type === "agent"
        ? (await wholeAgent(table, id).catch((error: unknown) => missing(error)))?.agent.name
        : (await table.get(pipelineItem, { id }))?.name;
    if (name !== undefined) names.set(id, name);
  }
}

const tooMany = () =>
  new Problem("conflict", `That is more than ${MOST_THINGS} things of a kind. Export fewer at once.`);

type Shown = Readonly<Record<string, unknown>>;
const byName = (a: Shown, b: Shown): number => (canonicalJson(a.name) < canonicalJson(b.name) ? -1 : 1);
