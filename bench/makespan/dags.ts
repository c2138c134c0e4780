import { seeded } from "../graph/random.ts";

/** What the nodes of a generated graph do: wait a known time, each in one of the two ways that leave the function. */
export interface Means {
  /** Origin of a server that answers `GET /wait/{ms}` after so long. */
  readonly waiting: string;
  /** An active agent whose model obeys `[[delay:ms]]`. */
  readonly agent_id: string;
}

export interface Dag {
  readonly graph: object;
  /** The same tasks with the same order among them, but each waits for all that stand before it in the graph's levels. */
  readonly waves: object;
  /** Milliseconds that the longest way through the graph waits, and how many tasks stand on it. */
  readonly critical_ms: number;
  readonly critical_tasks: number;
}

interface Drawn {
  readonly id: string;
  readonly kind: string;
  readonly label: string;
  readonly config: object;
}

interface Step {
  readonly id: string;
  readonly delay_ms: number;
  readonly task: boolean;
  readonly sources: string[];
}

const httpNode = (id: string, delay_ms: number, { waiting }: Means) => ({
  id,
  kind: "http",
  label: id,
  config: { method: "GET", url: `${waiting}/wait/${delay_ms}` },
});

const agentNode = (id: string, delay_ms: number, { agent_id }: Means) => ({
  id,
  kind: "agent",
  label: id,
  config: { agent_id, input_mapping: `"[[delay:${delay_ms}]]"` },
});

/** Every third task is an agent, the others are requests. */
const taskNode = (i: number, id: string, delay_ms: number, means: Means) =>
  (i % 3 === 2 ? agentNode : httpNode)(id, delay_ms, means);

/** A random graph of 6 to 12 tasks of 0.8 to 2.4 s with forks, joins and values worked out between them. */
export function randomDag(seed: number, means: Means): Dag {
  const random = seeded(seed);
  const pick = (count: number) => Math.floor(random() * count);
  const nodes: Drawn[] = [];
  const steps: Step[] = [{ id: "input", delay_ms: 0, task: false, sources: [] }];
  const earlier = () => steps[steps.length - 1 - pick(Math.min(4, steps.length))]?.id ?? "input";
  const tasks = 6 + pick(7);
  for (let i = 0; i < tasks; i++) {
    const delay_ms = 800 + pick(1_601);
    const task = `task_${i}`;
    nodes.push(taskNode(i, task, delay_ms, means));
    steps.push({ id: task, delay_ms, task: true, sources: [earlier()] });
    if (random() < 0.3) {
      const merge = `merge_${i}`;
      nodes.push({ id: merge, kind: "merge", label: merge, config: {} });
      steps.push({ id: merge, delay_ms: 0, task: false, sources: [...new Set([task, earlier(), earlier()])] });
    } else if (random() < 0.2) {
      const value = `value_${i}`;
      nodes.push({ id: value, kind: "transform", label: value, config: { expression: '{"done": true}' } });
      steps.push({ id: value, delay_ms: 0, task: false, sources: [task] });
    }
  }
  return finished(nodes, steps);
}

/** So many tasks one after the other that do nothing. */
export function trivialChain(length: number, means: Means): Dag {
  const steps: Step[] = [{ id: "input", delay_ms: 0, task: false, sources: [] }];
  const nodes = Array.from({ length }, (_, i) => {
    steps.push({ id: `task_${i}`, delay_ms: 0, task: true, sources: [i === 0 ? "input" : `task_${i - 1}`] });
    return taskNode(i, `task_${i}`, 0, means);
  });
  return finished(nodes, steps);
}

/** By task: how many tasks stand before it on the way that has most. */
function levelsOf(steps: readonly Step[]): Map<string, number> {
  const levels = new Map<string, number>();
  const passed = new Map<string, number>();
  for (const { id, task, sources } of steps) {
    const level = Math.max(0, ...sources.map((source) => passed.get(source) ?? 0));
    if (task) levels.set(id, level);
    passed.set(id, task ? level + 1 : level);
  }
  return levels;
}

/** Nothing but tasks, and a merge after each level that waits for all of it. */
function wavesOf(nodes: readonly Drawn[], steps: readonly Step[]): object {
  const levels = levelsOf(steps);
  const tasks = nodes.filter(({ id }) => levels.has(id));
  const count = Math.max(...levels.values()) + 1;
  const after = (level: number) => (level < 0 ? "input" : `wave_${level}`);
  const edges = tasks.flatMap(({ id }) => {
    const level = levels.get(id) ?? 0;
    return [
      { source: after(level - 1), target: id },
      { source: id, target: after(level) },
    ];
  });
  const barriers = Array.from({ length: count }, (_, i) => ({
    id: after(i),
    kind: "merge",
    label: after(i),
    config: {},
  }));
  return graphOf([...tasks, ...barriers], [...edges, { source: after(count - 1), target: "output" }]);
}

function graphOf(nodes: readonly object[], connections: readonly object[]): object {
  return {
    nodes: [
      { id: "input", kind: "input", label: "input", config: {} },
      ...nodes,
      { id: "output", kind: "output", label: "output", config: {} },
    ],
    connections: connections.map((connection, i) => ({ id: `c${i}`, ...connection })),
  };
}

function finished(nodes: readonly Drawn[], steps: readonly Step[]): Dag {
  const used = new Set(steps.flatMap(({ sources }) => sources));
  const sinks = steps.filter(({ id }) => !used.has(id)).map(({ id }) => id);
  const all = [...steps, { id: "output", delay_ms: 0, task: false, sources: sinks }];
  const connections = all.flatMap(({ id, sources }) => sources.map((source) => ({ source, target: id })));
  const longest = new Map<string, { ms: number; tasks: number }>();
  for (const { id, delay_ms, task, sources } of all) {
    const before = sources
      .map((source) => longest.get(source) ?? { ms: 0, tasks: 0 })
      .reduce((most, one) => (one.ms > most.ms ? one : most), { ms: 0, tasks: 0 });
    longest.set(id, { ms: before.ms + delay_ms, tasks: before.tasks + (task ? 1 : 0) });
  }
  const end = longest.get("output") ?? { ms: 0, tasks: 0 };
  return {
    graph: graphOf(nodes, connections),
    waves: wavesOf(nodes, steps),
    critical_ms: end.ms,
    critical_tasks: end.tasks,
  };
}
