import type { TenantTable } from "../../../shared/dynamo/table.ts";
import type { Issue } from "../../../shared/errors.ts";
import { Problem } from "../../../shared/errors.ts";
import { invalid, issuesOf } from "../../../shared/http/parse.ts";
import { limits } from "../../../shared/http/schemas.ts";
import { newId } from "../../../shared/ids.ts";
import { nameKey } from "../../../shared/name-key.ts";
import { cutText } from "../../../shared/text.ts";
import {
  agentNameItem,
  agentWithSecretsNamed,
  type PortableAgent,
  portableAgentSchema,
  portableIssues,
  type ReadAgent,
  readPortable as readAgent,
  shownAgent,
} from "../../agents/portable/public.ts";
import { type WholeAgent, wholeAgent } from "../../agents/resources.ts";
import {
  graphFrom,
  type Named,
  namesIn,
  type PipelinesNamed,
  type PortablePipeline,
  pipelinesNamed,
  portablePipelineSchema,
  type ReadPipeline,
  readPortable as readPipeline,
  requireGraphContents,
  type SentPipeline,
  shownPipeline,
} from "../../pipelines/portable/public.ts";
import type { ExchangeDeps } from "../deps.ts";
import { type ConflictPolicy, documentSchema, type importActions, type PortableType } from "../model.ts";
import { type Difference, differences } from "../rules/differences.ts";

type Action = (typeof importActions)[number];

interface Planned<T, B> {
  readonly id: string;
  readonly document_name: string;
  readonly name: string;
  readonly action: Action;
  readonly changes: readonly Difference[];
  readonly thing: T;
  /** What is there already under its name. */
  readonly before: B | undefined;
}
export type PlannedAgent = Planned<PortableAgent, { readonly whole: WholeAgent; readonly read: ReadAgent }>;
export interface PlannedPipeline extends Planned<PortablePipeline, ReadPipeline> {
  /** Who has made its name last, as it was read. */
  readonly claim: PipelinesNamed["claim"];
}

export interface Plan {
  readonly agents: readonly PlannedAgent[];
  readonly pipelines: readonly PlannedPipeline[];
}

/** So many names are tried for what comes under another one. */
const NAMES_TRIED = 20;

const under = (place: string, issues: readonly Issue[]): Issue[] =>
  issues.map((issue) => ({ ...issue, path: issue.path === "" ? place : `${place}.${issue.path}` }));

const keyOf = (type: Named["type"], name: string): string => `${type}/${nameKey(name)}`;

/** What there is in the organization under a name. */
class Known {
  readonly #deps: ExchangeDeps;
  readonly #table: TenantTable;
  readonly #ids = new Map<string, Promise<string | undefined>>();
  readonly #claims = new Map<string, PipelinesNamed["claim"]>();

  constructor(deps: ExchangeDeps, table: TenantTable) {
    this.#deps = deps;
    this.#table = table;
  }

  /** @throws Problem `conflict` for a name that two pipelines have */
  id(type: Named["type"], name: string): Promise<string | undefined> {
    const key = keyOf(type, name);
    let found = this.#ids.get(key);
    if (found === undefined) {
      found = this.#find(type, name);
      this.#ids.set(key, found);
    }
    return found;
  }

  async #find(type: Named["type"], name: string): Promise<string | undefined> {
    if (type === "agent") return this.#agent(name);
    // Of connectors there are none that a name could mean.
    return type === "pipeline" ? this.#pipeline(name) : undefined;
  }

  async #agent(name: string) {
    return (await this.#table.get(agentNameItem, { name_key: nameKey(name) }))?.agent_id;
  }

  async #pipeline(name: string) {
    const {
      ids: [id, other],
      claim,
    } = await pipelinesNamed(this.#table, name);
    this.#claims.set(nameKey(name), claim);
    if (other !== undefined)
      throw new Problem("conflict", `Two pipelines here are called ${JSON.stringify(name)}. Rename one of them first.`);
    return id;
  }

  /** The claim of a pipeline's name that has been looked at. */
  claim(name: string): PipelinesNamed["claim"] {
    return this.#claims.get(nameKey(name));
  }

  async agent(id: string) {
    const whole = await wholeAgent(this.#table, id);
    return { whole, read: await readAgent(this.#deps, whole) };
  }

  pipeline(id: string) {
    return readPipeline(this.#deps, this.#table, id);
  }
}

/** `Triage (2)`, the first such name that neither the organization nor the document has. */
async function freeName(known: Known, type: Named["type"], name: string, taken: Set<string>): Promise<string> {
  for (let nth = 2; nth < NAMES_TRIED; nth++) {
    const suffix = ` (${nth})`;
    const next = `${cutText(name, limits.name - suffix.length).trimEnd()}${suffix}`;
    if (!taken.has(keyOf(type, next)) && (await known.id(type, next)) === undefined) {
      taken.add(keyOf(type, next));
      return next;
    }
  }
  throw new Problem("conflict", `Too many things are called like ${JSON.stringify(name)}. Rename it in the document.`);
}

/** Things of a document under names that are used once, with every issue. */
function parsed<T extends { readonly name: string }>(
  schema: { safeParse(value: unknown): unknown } & Parameters<typeof issuesOf>[0],
  list: readonly unknown[],
  place: string,
  issues: Issue[],
): T[] {
  const names = new Set<string>();
  return list.flatMap((value, i) => {
    const wrong = issuesOf(schema, value);
    issues.push(...under(`document.${place}.${i}`, wrong));
    if (wrong.length > 0) return [];
    const thing = schema.parse(value) as T;
    if (names.has(nameKey(thing.name)))
      issues.push({ path: `document.${place}.${i}.name`, message: "is used twice in this document" });
    names.add(nameKey(thing.name));
    return [thing];
  });
}

/**
 * What an import does, with everything checked that can be checked before.
 * @throws Problem `validation_failed` with every issue of the document at its path
 */
export async function planned(
  deps: ExchangeDeps,
  tenant: string,
  sent: unknown,
  how: {
    readonly on_conflict: ConflictPolicy;
    readonly model_id?: string | undefined;
    readonly name_prefix?: string | undefined;
    readonly at: Date;
  },
): Promise<Plan> {
  const wrong = issuesOf(documentSchema, sent);
  if (wrong.length > 0) throw invalid(under("document", wrong));
  const document = documentSchema.parse(sent);
  const issues: Issue[] = [];
  const agents = parsed<PortableAgent>(
    portableAgentSchema,
    document.agents.map(agentWithSecretsNamed),
    "agents",
    issues,
  );
  const pipelines = parsed<SentPipeline>(portablePipelineSchema, document.pipelines, "pipelines", issues);
  if (issues.length > 0) throw invalid(issues);
  for (const [i, agent] of agents.entries()) issues.push(...under(`document.agents.${i}`, portableIssues(deps, agent)));

  const known = new Known(deps, deps.table.of(tenant));
  const prefixed = (name: string): string => `${how.name_prefix ?? ""}${name}`.trim();
  for (const [place, things] of Object.entries({ agents, pipelines }))
    for (const [i, { name }] of things.entries())
      if (prefixed(name).length > limits.name)
        issues.push({
          path: `document.${place}.${i}.name`,
          message: `is longer than ${limits.name} characters behind \`name_prefix\``,
        });
  if (issues.length > 0) throw invalid(issues);
  const taken = new Set([
    ...agents.map(({ name }) => keyOf("agent", prefixed(name))),
    ...pipelines.map(({ name }) => keyOf("pipeline", prefixed(name))),
  ]);
  const placed = async (type: PortableType, document_name: string) => {
    const name = prefixed(document_name);
    const existing = await known.id(type, name);
    const renamed = existing !== undefined && how.on_conflict === "rename";
    const fresh = existing === undefined || renamed;
    return {
      id: fresh ? newId(type, how.at) : existing,
      fresh,
      name: renamed ? await freeName(known, type, name, taken) : name,
    };
  };
  const ids = new Map<string, string>();
  const plannedAgents: PlannedAgent[] = [];
  for (const agent of agents) {
    const { id, fresh, name } = await placed("agent", agent.name);
    ids.set(keyOf("agent", agent.name), id);
    const thing = {
      ...agent,
      name,
      ...(how.model_id === undefined ? {} : { model_id: how.model_id, fallback_model_ids: [] }),
    };
    const before = fresh ? undefined : await known.agent(id);
    // Contexts that the document does not speak of stay.
    const old = before === undefined ? undefined : shownAgent(before.read.agent);
    const next = shownAgent(
      thing.contexts === undefined ? { ...thing, contexts: before?.read.agent.contexts ?? [] } : thing,
    );
    plannedAgents.push({ id, document_name: agent.name, name, thing, before, ...actionOf(old, next, how.on_conflict) });
  }
  const places = await Promise.all(pipelines.map(({ name }) => placed("pipeline", name)));
  for (const [i, { id }] of places.entries()) ids.set(keyOf("pipeline", pipelines[i]?.name ?? ""), id);
  // Names that the document does not have itself are the organization's.
  for (const { type, name } of pipelines.flatMap(({ graph }) => namesIn(graph))) {
    const key = keyOf(type, name);
    const id = ids.has(key) ? undefined : await known.id(type, name);
    if (id !== undefined) ids.set(key, id);
  }
  const names = new Map<string, string>();
  for (const one of plannedAgents) names.set(one.id, one.name);
  for (const [key, id] of ids) if (!names.has(id)) names.set(id, key);
  const plannedPipelines: PlannedPipeline[] = [];
  for (const [i, sentPipeline] of pipelines.entries()) {
    const place = places[i];
    if (place === undefined) continue;
    const { graph, issues: within } = graphFrom(sentPipeline.graph, ({ type, name }) => ids.get(keyOf(type, name)));
    issues.push(...under(`document.pipelines.${i}.graph`, within));
    if (graph === undefined) continue;
    await requireGraphContents(graph).catch((error: unknown) => {
      if (!(error instanceof Problem) || error.options.issues === undefined) throw error;
      issues.push(...under(`document.pipelines.${i}.graph`, error.options.issues));
    });
    const before = place.fresh ? undefined : await known.pipeline(place.id);
    const { max_concurrent_runs = before?.portable.max_concurrent_runs ?? null } = sentPipeline;
    const thing: PortablePipeline = { ...sentPipeline, name: place.name, max_concurrent_runs, graph: ordered(graph) };
    // Who is meant is compared, whatever both are called now.
    const byId = (one: PortablePipeline) => shownPipeline(one, ({ id }) => names.get(id) ?? id);
    const actions = actionOf(before === undefined ? undefined : byId(before.portable), byId(thing), how.on_conflict);
    plannedPipelines.push({
      id: place.id,
      document_name: sentPipeline.name,
      name: place.name,
      thing,
      before,
      claim: known.claim(place.name),
      ...actions,
    });
  }
  if (issues.length > 0) throw invalid(issues);
  return { agents: plannedAgents, pipelines: plannedPipelines };
}

/** As graphs are kept: nodes by their ids. */
const ordered = (graph: PortablePipeline["graph"]): PortablePipeline["graph"] => ({
  ...graph,
  nodes: graph.nodes.toSorted((a, b) => (a.id < b.id ? -1 : 1)),
});

function actionOf(old: unknown, next: unknown, policy: ConflictPolicy) {
  if (old === undefined) return { action: "create" as const, changes: [] };
  const changes = differences(old, next);
  if (changes.length === 0) return { action: "unchanged" as const, changes };
  return { action: policy === "update" ? ("update" as const) : ("conflict" as const), changes };
}
